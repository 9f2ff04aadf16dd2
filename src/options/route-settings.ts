import { describe } from '../shared/sizes.ts'
import { SHARED_OPTIONS } from './options.ts'
import { type ResolvedOptions, resolveOptions } from './resolve-options.ts'

/** Options of a route, and how a request gets options of its own. */
export interface RouteSettings {
  /** Apply to every request that has none of its own. */
  readonly route: ResolvedOptions
  /** Rejects with a `TypeError` for wrong options. Undefined if every request has those of the route. */
  readonly optionsOf?: (context: object) => Promise<ResolvedOptions>
}

/**
 * Checks the options of a route.
 *
 * @param first a bucket, the options, or a function that returns those of each request
 * @param second the other options. With a function, they are the defaults of what it returns
 * @throws TypeError for invalid options
 */
export function resolveRoute(first: unknown, second?: object): RouteSettings {
  if (typeof first !== 'function') return { route: resolveOptions(first, second) }
  const defaults = withoutUndefined(second ?? {})
  // Each request has a bucket of its own.
  const route = resolveOptions({ bucket: 'bucket-of-the-request', ...defaults })
  return {
    route,
    async optionsOf(context) {
      return resolveForRequest(await first(context), defaults, route)
    },
  }
}

function resolveForRequest(given: unknown, defaults: object, route: ResolvedOptions): ResolvedOptions {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(
      `The options of a request must be an object; the function returned ${describe(given)}.`,
    )
  }
  const shared = SHARED_OPTIONS.find(name => (given as Record<string, unknown>)[name] !== undefined)
  if (shared !== undefined) {
    throw new TypeError(
      `${shared} cannot be an option of one request: requests share it. Pass it as an option of the route: s3Upload(optionsOfRequest, { ${shared} }).`,
    )
  }
  const shares = { memoryBudget: route.memoryBudget }
  return resolveOptions({ ...defaults, ...withoutUndefined(given), ...shares })
}

/** An option that is `undefined` has its default. */
function withoutUndefined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
