/** The child's side of `startChild`: answers questions with what its handlers return. */
export function answerQuestions(handlers) {
  process.on('message', async ({ id, name, argument }) => {
    try {
      process.send({ id, result: await handlers[name](argument) })
    } catch (error) {
      process.send({ id, error: error.stack ?? String(error) })
    }
  })
  process.once('disconnect', () => process.exit())
}

/** What the process was started with. */
export const settings = JSON.parse(process.argv[2] ?? '{}')

/** Listens on a free port of this machine only, with room for a crowd that connects at once. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => resolve(server.address().port))
  })
}
