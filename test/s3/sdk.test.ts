import { afterEach, describe, expect, it, vi } from 'vitest'

const SDK = '@aws-sdk/client-s3'

afterEach(() => {
  vi.doUnmock(SDK)
  vi.resetModules()
})

async function freshModule() {
  vi.resetModules()
  return import('../../src/s3/sdk.ts')
}

describe('loadSdk', () => {
  it('tries again after a failure, as does defaultClient', async () => {
    const { loadSdk, defaultClient } = await freshModule()
    vi.doMock(SDK, () => {
      throw new Error('EMFILE: too many open files')
    })
    const failure = {
      code: 'STORAGE_FAILED',
      status: 502,
      message: expect.stringMatching(/cannot be loaded: /),
    }
    await expect(loadSdk()).rejects.toMatchObject(failure)
    await expect(defaultClient()).rejects.toMatchObject(failure)
    vi.doUnmock(SDK)
    expect(await loadSdk()).toHaveProperty('PutObjectCommand')
    const client = await defaultClient()
    expect(await defaultClient()).toBe(client)
  })

  it('tries again if the client cannot be created', async () => {
    const { defaultClient } = await freshModule()
    let fails = true
    vi.doMock(SDK, () => ({
      S3Client: class {
        constructor() {
          if (fails) throw new Error('bad configuration')
        }
      },
    }))
    await expect(defaultClient()).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: 'The S3 client cannot be used: Error: bad configuration',
    })
    fails = false
    await expect(defaultClient()).resolves.toBeDefined()
  })
})
