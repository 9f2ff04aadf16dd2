import express from 'express'
import Koa from 'koa'
import { byField, type StoredUpload, streamToS3, type UploadResult } from 's3-upstream'
import { type ResultOf, upload } from 's3-upstream/client'
import { s3Upload as expressUpload, type UploadOf, uploadOf } from 's3-upstream/express'
import { s3Upload as httpUpload } from 's3-upstream/http'
import { s3Upload as koaUpload } from 's3-upstream/koa'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { incoming } from '../support/incoming.ts'

const fields = z.object({ title: z.string(), year: z.coerce.number(), day: z.coerce.date() })
interface Output {
  title: string
  year: number
  day: Date
}
/** In JSON, a date is a string. */
interface Received {
  title: string
  year: number
  day: string
}
type Name = 'avatar' | 'docs'
const files = { avatar: { maxCount: 1 }, docs: { accept: '.pdf' } }
const options = { files, fields }

describe('the types of a contract and a schema', () => {
  it('reach the hooks', () => {
    expressUpload('b', {
      ...options,
      key(file, { request }) {
        expectTypeOf(file.field).toEqualTypeOf<Name>()
        expectTypeOf(request).toEqualTypeOf<express.Request>()
        return file.field
      },
      onFile(file) {
        expectTypeOf(file.field).toEqualTypeOf<Name>()
        expectTypeOf(file.head).toEqualTypeOf<Buffer>()
      },
      validate(form, { fields }) {
        expectTypeOf(form.fields).toEqualTypeOf<Readonly<Output>>()
        expectTypeOf(form.files[0]?.field).toEqualTypeOf<Name | undefined>()
        expectTypeOf(fields).toEqualTypeOf<Readonly<Record<string, string | string[]>>>()
      },
      onStored(result) {
        expectTypeOf(result).toEqualTypeOf<UploadResult<Output, Name>>()
      },
    })
    koaUpload('b', {
      ...options,
      validate: ({ fields }) => expectTypeOf(fields).toEqualTypeOf<Readonly<Output>>(),
    })
    httpUpload('b', {
      ...options,
      onStored: ({ files }) => expectTypeOf(files[0]?.field).toEqualTypeOf<Name | undefined>(),
    })
  })

  it('reach request.upload of Express', () => {
    const route = expressUpload('b', { ...options, respond: false })
    expectTypeOf<UploadOf<typeof route>>().toEqualTypeOf<StoredUpload<Output, Name>>()
    express().post('/', route, (request, response) => {
      const { fields, files } = uploadOf(request, route)
      expectTypeOf(fields).toEqualTypeOf<Output>()
      expectTypeOf(byField(files).avatar?.[0]?.size).toEqualTypeOf<number | undefined>()
      response.end()
    })
  })

  it('reach ctx.state.upload of Koa', () => {
    new Koa().use(koaUpload('b', { ...options, respond: false })).use(ctx => {
      expectTypeOf(ctx.state.upload).toEqualTypeOf<StoredUpload<Output, Name> | undefined>()
    })
  })

  it('reach the result of streamToS3', () => {
    const call = () => streamToS3(incoming([]), { bucket: 'b', ...options })
    expectTypeOf(call).returns.resolves.toEqualTypeOf<StoredUpload<Output, Name>>()
  })

  it('reach the browser, as JSON', () => {
    const expressRoute = expressUpload('b', options)
    const koaRoute = koaUpload('b', options)
    const httpRoute = httpUpload('b', options)
    expectTypeOf<ResultOf<typeof expressRoute>>().toEqualTypeOf<UploadResult<Received, Name>>()
    expectTypeOf<ResultOf<typeof koaRoute>>().toEqualTypeOf<UploadResult<Received, Name>>()
    expectTypeOf<ResultOf<typeof httpRoute>>().toEqualTypeOf<UploadResult<Received, Name>>()
    const send = () => upload<typeof expressRoute>('/', [])
    expectTypeOf(send).returns.resolves.toEqualTypeOf<UploadResult<Received, Name>>()
  })

  it('give the browser what onStored returns', () => {
    const route = expressUpload('b', {
      ...options,
      onStored: async ({ fields: { day } }) => ({ id: 7, day, hidden: undefined }),
    })
    expectTypeOf<ResultOf<typeof route>>().toEqualTypeOf<{ id: number; day: string }>()
    const maybe = httpUpload('b', { onStored: ({ files }) => (files.length > 1 ? { id: 7 } : undefined) })
    expectTypeOf<ResultOf<typeof maybe>>().toEqualTypeOf<{ id: number } | UploadResult>()
    const nothing = koaUpload('b', { onStored() {} })
    expectTypeOf<ResultOf<typeof nothing>>().toEqualTypeOf<UploadResult>()
  })

  it('come from the options of a request too', () => {
    const route = expressUpload(async ({ request }) => {
      expectTypeOf(request).toEqualTypeOf<express.Request>()
      return { bucket: 'b', ...options }
    })
    expectTypeOf<ResultOf<typeof route>>().toEqualTypeOf<UploadResult<Received, Name>>()
    // @ts-expect-error A budget for each request bounds nothing.
    httpUpload(() => ({ bucket: 'b', memoryBudget: '16MB' }))
  })

  it('are simple without them', () => {
    const route = expressUpload('b')
    expectTypeOf<ResultOf<typeof route>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<UploadOf<typeof route>>().toEqualTypeOf<StoredUpload>()
    expectTypeOf(byField<UploadResult['files'][number]>).returns.toEqualTypeOf<
      Partial<Record<string, UploadResult['files']>>
    >()
  })
})
