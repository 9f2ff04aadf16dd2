// npx vitest run examples
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { S3Client } from '@aws-sdk/client-s3'
import express, { type Express } from 'express'
import { s3Upload } from 's3-upstream/express'
import { type S3Server, startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

/** In your project, import your app instead. It accepts a client, so a test can pass one for another S3 server. */
function createApp(client: S3Client, onError = console.error): Express {
  return express().post('/upload', s3Upload('my-bucket', { client, accept: 'image/*', onError }))
}

/** A route with `accept` looks at the bytes of a file, so these are a real picture: of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

const errors: unknown[] = []
let s3: S3Server
let server: Server
let url: string

beforeAll(async () => {
  s3 = await startS3({ buckets: ['my-bucket'] })
  server = createApp(s3.client, error => errors.push(error)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/upload`
})

afterEach(() => {
  s3.reset()
  errors.length = 0
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await s3.close()
})

function upload(bytes: string | Buffer, type: string): Promise<Response> {
  const form = new FormData()
  form.append('photo', new File([bytes], 'photo.png', { type }))
  return fetch(url, { method: 'POST', body: form })
}

test('stores an image', async () => {
  const response = await upload(PNG, 'image/png')

  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({ files: [{ filename: 'photo.png', size: PNG.length }] })
  const [object] = s3.objects('my-bucket')
  expect(object?.body.equals(PNG)).toBe(true)
  expect(object?.type).toBe('image/png')
})

test('rejects a file that is not an image with 415', async () => {
  const response = await upload('#!/bin/sh', 'text/x-sh')

  expect(response.status).toBe(415)
  expect(await response.json()).toMatchObject({ code: 'TYPE_NOT_ACCEPTED', allowed: ['image/*'] })
  expect(s3.objects('my-bucket')).toEqual([])
})

test('responds with 502 and stores nothing when S3 rejects the file', async () => {
  s3.fault(({ operation }) => (operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined))

  const response = await upload(PNG, 'image/png')

  expect(response.status).toBe(502)
  expect(s3.objects('my-bucket')).toEqual([])
  expect(errors).toMatchObject([{ code: 'STORAGE_FAILED' }])
})
