import { createServer } from 'node:http'
import express from 'express'
import { BUCKET, createClient, LIMITS } from './common.js'

/** `library` names the installed copy: another one than this project's is there to be compared with. */
export async function create(settings) {
  const {
    framework,
    library = 's3-upstream',
    libStorage: withUpload,
    defaultAgents,
    ...others
  } = settings.options
  const { s3Upload } = await import(`${library}/${framework}`)
  const { libStorage } = await import(`${library}/lib-storage`)
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
  if (framework === 'http') return createServer(s3Upload(BUCKET, options))
  return createServer(express().post('/upload', s3Upload(BUCKET, options)))
}
