import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary.js'

/**
 * Creates a self-signed certificate for this run. Needs the program `openssl`. The certificate is also in a file, for
 * clients that load it from NODE_EXTRA_CA_CERTS.
 */
export function makeCertificate() {
  const folder = temporaryFolder()
  const keyFile = join(folder, 'key.pem')
  const certFile = join(folder, 'cert.pem')
  const options = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', keyFile, '-out', certFile],
  ]
  execFileSync('openssl', options, { stdio: 'pipe' })
  return { keyFile, certFile, cert: readFileSync(certFile, 'utf8') }
}
