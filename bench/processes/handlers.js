/** The child's side of `startChild()`: runs the handler of each call and sends back its result. */
export function handleCalls(handlers) {
  process.on('message', async ({ id, name, argument }) => {
    try {
      process.send({ id, result: await handlers[name](argument) })
    } catch (error) {
      process.send({ id, error: error.stack ?? String(error) })
    }
  })
  process.once('disconnect', () => process.exit())
}

/** Settings that `startChild()` passed to this process. */
export const settings = JSON.parse(process.argv[2] ?? '{}')

/** Listens on a free port of 127.0.0.1. The large backlog accepts many connections at once. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => resolve(server.address().port))
  })
}
