/** A controller that is aborted with the signal, for the same reason, and can be aborted before it. */
export function followSignal(signal: AbortSignal): AbortController {
  const controller = new AbortController()
  const follow = () => controller.abort(signal.reason)
  if (signal.aborted) follow()
  else signal.addEventListener('abort', follow, { once: true })
  return controller
}
