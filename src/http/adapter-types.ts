import type { OptionsOfRequest, StreamToS3Options } from '../options/options.ts'
import type { Fields, StoredUpload, UploadContext } from '../shared/types.ts'
import type { Responds, ResponseBody, UploadRoute } from './route-types.ts'

/** The types of one framework. */
export interface Framework {
  /** The context of hooks. */
  context: UploadContext
  /** The result that a route with `respond: false` passes on. A handler type can use it as `this['stored']`. */
  stored: unknown
  handler: unknown
  /** `true` for a framework without a next handler: its routes always respond. */
  respond: boolean
}

type HandlerOf<Kind extends Framework, Stored> = (Kind & { stored: Stored })['handler']

type Route<Kind extends Framework, Respond extends boolean, Output, Name extends string, Body> = UploadRoute<
  HandlerOf<Kind, StoredUpload<Output, Name>>,
  Respond,
  ResponseBody<Output, Name, Body>,
  StoredUpload<Output, Name>
>

type Options<Kind extends Framework, Output, Name extends string, Body> = StreamToS3Options<
  Kind['context'],
  Output,
  Name,
  Body
>

/** `s3Upload` of one framework. The types of a route follow from its schema, its `files` and its `onStored`. */
export interface S3Upload<Kind extends Framework> {
  <Respond extends Kind['respond'] = true, Output = Fields, Name extends string = string, Body = undefined>(
    bucket: string,
    options?: Omit<Options<Kind, Output, Name, Body>, 'bucket'> & Responds<Respond>,
  ): Route<Kind, Respond, Output, Name, Body>
  <Respond extends Kind['respond'] = true, Output = Fields, Name extends string = string, Body = undefined>(
    options: Options<Kind, Output, Name, Body> & Responds<Respond>,
  ): Route<Kind, Respond, Output, Name, Body>
  <Respond extends Kind['respond'] = true, Output = Fields, Name extends string = string, Body = undefined>(
    optionsOfRequest: OptionsOfRequest<Kind['context'], Output, Name, Body>,
    options?: Partial<Options<Kind, Output, Name, Body>> & Responds<Respond>,
  ): Route<Kind, Respond, Output, Name, Body>
}
