import { createServer } from 'node:http'
import express from 'express'
import { s3Upload as expressUpload } from 's3-upstream/express'
import { s3Upload as httpUpload } from 's3-upstream/http'
import { libStorage } from 's3-upstream/lib-storage'
import { BUCKET, createClient, LIMITS } from './common.js'

export function create(settings) {
  const { framework, libStorage: withUpload, defaultAgents, ...others } = settings.options
  const options = {
    client: createClient(settings),
    maxFileSize: LIMITS.fileSize,
    maxFiles: LIMITS.files,
    maxFields: LIMITS.fields,
    maxFieldSize: LIMITS.fieldSize,
    maxFieldNameSize: LIMITS.fieldNameSize,
    ...(withUpload && { uploader: libStorage() }),
    ...others,
  }
  if (framework === 'http') return createServer(httpUpload(BUCKET, options))
  return createServer(express().post('/upload', expressUpload(BUCKET, options)))
}
