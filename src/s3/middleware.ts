/** The members of an SDK command that its middlewares need. https://github.com/aws/aws-sdk-js-v3#middleware-stack */
export interface Command {
  input: object
  middlewareStack: { add(middleware: (next: Next) => Next, options: object): void }
}

export type Next = (args: { input: object; request: unknown }) => Promise<{
  output: unknown
  response: unknown
}>

export interface HttpRequest {
  protocol: string
  headers: Record<string, string>
  body?: unknown
}

export interface HttpResponse {
  statusCode: number
  headers: Record<string, string>
  body?: unknown
}
