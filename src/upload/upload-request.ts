import { holdBody } from '../http/admit-request.ts'
import type { RouteSettings } from '../options/route-settings.ts'
import type { IncomingRequest } from '../shared/types.ts'
import { runHook } from './run-hook.ts'
import { type StoredForm, type UploadExtras, uploadForm } from './upload-form.ts'
import { createUploadSignal } from './upload-signal.ts'

/** Stores the files of one request, with the options that the application gives to it. */
export async function uploadRequest(
  request: IncomingRequest,
  { route, optionsOf }: RouteSettings,
  extras: UploadExtras,
): Promise<StoredForm> {
  if (optionsOf === undefined) return uploadForm(request, route, extras)
  const { signal, stopWatching } = createUploadSignal(request, route.signal, extras.isAnswered)
  holdBody(request)
  try {
    const context = Object.assign({ request, signal }, extras.context)
    const options = await runHook('options', () => optionsOf(context), signal, route.hookTimeout)
    extras.onOptions?.(options)
    return uploadForm(request, options, extras)
  } catch (error) {
    // Refused like any other upload: its body is drained, and `onError` of the route is called.
    return uploadForm(request, route, Object.assign({}, extras, { refusal: { error } }))
  } finally {
    stopWatching()
  }
}
