import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Debian installs nginx where the PATH of a user often does not look. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Returns the path of nginx. */
export function findNginx(): string {
  const found = FOLDERS.map(folder => join(folder, 'nginx')).find(isExecutable)
  if (!found) throw new Error('nginx is not installed (Debian: apt-get install nginx-light).')
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Nginx {
  port: number
  /** The lines of its error log. */
  errors(): string[]
  close(): Promise<void>
}

/** Starts nginx with its defaults, in front of a server, to which it keeps connections. */
export async function startNginx(path: string, serverPort: number, location: string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 's3-upstream-nginx-'))
  mkdirSync(join(folder, 'temp'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), configOf(port, serverPort, location))
  const log = join(folder, 'error.log')
  const child = spawn(path, ['-p', folder, '-c', 'nginx.conf', '-e', log], { stdio: 'ignore' })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const errors = () => readFileSync(log, 'utf8').split('\n').filter(Boolean)
  await listening(port, child, errors)
  return {
    port,
    errors,
    async close() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** One process, so that its end is the end of all of it. Everything else is what nginx does by default. */
const configOf = (port: number, serverPort: number, location: string) => `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  client_max_body_size 0;
  upstream app {
    server 127.0.0.1:${serverPort};
    keepalive 8;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${location}
    }
  }
}
`

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** nginx does not say when it listens. */
async function listening(port: number, child: ChildProcess, errors: () => string[]): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`nginx ended: ${errors().join('\n')}`)
}
