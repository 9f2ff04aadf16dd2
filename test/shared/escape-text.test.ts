import { describe, expect, it } from 'vitest'
import { escapeText } from '../../src/shared/escape-text.ts'
import * as factories from '../../src/shared/upload-errors.ts'

describe('escapeText', () => {
  it.each([
    ['a\r\nINFO forged\t', 'a\\r\\nINFO forged\\t'],
    ['\u001b[2J', '\\u001b[2J'],
    ['\u0000\u007f\u009b', '\\u0000\\u007f\\u009b'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['photo\u202egpj.exe\u2066\u200f', 'photo\\u202egpj.exe\\u2066\\u200f'],
    ['\ud83d', '\\ud83d'],
  ])('escapes %j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped)
  })

  it.each(['写真 "夏".jpg', 'Grüße', '😀', 'a\\b', "a'b", ''])('leaves %j', text => {
    expect(escapeText(text)).toBe(text)
  })

  it('cuts off what is longer than 1,024 characters, and no character in two', () => {
    expect(escapeText('x'.repeat(1024))).toBe('x'.repeat(1024))
    expect(escapeText('x'.repeat(100_000))).toBe(`${'x'.repeat(1024)}…`)
    expect(escapeText(`${'x'.repeat(1023)}😀`)).toBe(`${'x'.repeat(1023)}…`)
  })
})

describe('the message of every error', () => {
  const evil = 'x\r\nFORGED \u001b[31m\u009b\u2028\u202e'
  const file = { field: evil, filename: evil, type: evil, contentType: evil }
  const name = { Bucket: evil, Key: evil }
  const errors = [
    factories.methodNotAllowed(evil, ['POST']),
    factories.notMultipart(evil),
    factories.unsupportedContentEncoding(evil),
    factories.malformedForm(evil),
    factories.nestedForm(evil),
    factories.unsupportedTransferEncoding(evil),
    factories.undecodableField(evil, evil),
    factories.fieldNameTooLong(evil, 1),
    factories.fieldTooLarge(evil, 1),
    factories.tooManyFiles(file, 1),
    factories.typeNotAccepted(file, 'text/html', 'something else', ['image/*']),
    factories.typeNotAccepted({ ...file, filename: '' }, undefined, 'unknown', ['image/*']),
    factories.unexpectedFile(file, [evil]),
    factories.missingFile(evil, 1),
    factories.tooFewFiles(evil, 1, 2),
    factories.tooManyFilesInField(file, 1),
    factories.emptyFile(file),
    factories.fileTooSmall(file, 1, 2),
    factories.fileTooLarge(file, 1),
    factories.invalidKey(file, evil),
    factories.duplicateKey(file, evil),
    factories.refused(new Error(evil)),
    factories.hookFailed('key', new Error(evil)),
    factories.hookThrewNoError('key', evil),
    factories.hookThrewNoError('key', Symbol(evil)),
    factories.hookHasInvalidHeader('key', evil, new Error(evil)),
    factories.storageFailed('PutObject', name, evil, undefined),
    factories.storageFailed('ListMultipartUploads', { Bucket: evil }, evil, undefined),
    factories.clientFailed(evil, undefined),
    factories.sizeMismatch(name, 1, 2),
    factories.storageTimedOut('PutObject', name, 1),
    factories.uploaderFailed(evil),
  ]

  it.each(errors.map(error => error.message))('has no control characters: %s', message => {
    expect(message).not.toMatch(/[\p{Cc}\u2028\u202e]/u)
  })

  it('has the exact field and filename beside it', () => {
    expect(factories.fileTooLarge(file, 1)).toMatchObject({ field: evil, filename: evil })
  })
})
