declare module 'express4' {
  import express from 'express'
  export default express
}
declare module 'koa2' {
  import Koa from 'koa'
  export default Koa
}
declare module 'streamsearch' {
  export default class StreamSearch {
    constructor(needle: Buffer, onBytes: import('../../src/form/boundary-search.ts').OnBytes)
    push(chunk: Buffer, position: number): void
    destroy(): void
  }
}
