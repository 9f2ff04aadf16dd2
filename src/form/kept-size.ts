import type { Limits } from '../shared/limits.ts'
import { MAX_HEADER_BYTES } from './form-scanner.ts'

// What an upload keeps until its response has been sent, in bytes of memory.

/** Objects around the strings of one form part. */
const PART_BYTES = 128

/** V8 has one byte for a character if all characters of the string are Latin-1, else two. Counts one only for ASCII. */
function stringMemory(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length
}

/**
 * The response repeats the fields. In JSON, a control character has six characters. All have two bytes if one of them, in
 * any field, is not Latin-1.
 */
function responseMemory(text: string): number {
  return 2 * JSON.stringify(text).length
}

export function fieldMemory(name: string, value: string): number {
  return PART_BYTES + stringMemory(name) + stringMemory(value) + responseMemory(name) + responseMemory(value)
}

/** A value that still arrives. Its string exists beside its bytes for a moment. */
export function arrivingMemory(bytes: number): number {
  return 2 * bytes
}

/**
 * Field name, filename, path and type of a file, and the response, which has the filename twice at most. V8 keeps the
 * headers that they are slices of.
 */
export function fileMemory(headerBytes: number): number {
  return PART_BYTES + 7 * headerBytes
}

/** The most that `fieldMemory` can be for each byte of a field: twice for the string, 12 times for the response. */
const MAX_FIELD_MEMORY = 14

/** @param declaredLength bytes of the request */
export function maxKeptMemory(limits: Limits, declaredLength = Number.POSITIVE_INFINITY): number {
  const { maxFields, maxFieldSize, maxFieldsSize, maxFiles, maxParts } = limits
  const fields =
    MAX_FIELD_MEMORY * Math.min(maxFields * maxFieldSize, maxFieldsSize) + arrivingMemory(maxFieldSize)
  const largest = fields + maxFields * PART_BYTES + maxFiles * fileMemory(MAX_HEADER_BYTES)
  return Math.min(largest, MAX_FIELD_MEMORY * declaredLength + maxParts * PART_BYTES)
}
