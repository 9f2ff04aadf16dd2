import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { OPTIONS, type Option } from '../../src/options/option-table.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const rows = Object.entries<Option>(OPTIONS)

describe('the table of options', () => {
  it('has no line break in a description and a default for every option', () => {
    for (const [name, option] of rows) {
      expect(option.doc, name).toMatch(/^\S.*\.$/)
      expect(option.defaultText ?? inspect(option.default), name).toMatch(/^[^\n|]*$/)
    }
  })

  it('lists the names that resolveOptions returns, besides the derived limits', () => {
    expect(Object.keys(resolveOptions('b'))).toEqual([
      ...Object.keys(OPTIONS),
      'fieldRules',
      'maxParts',
      'maxRequestSize',
    ])
  })

  it('has the names of the interface, in its order, with the same @default', () => {
    const members = interfaceMembers('src/options/options.ts')
    expect(members).toEqual(
      rows.map(([name, option]) => ({
        name,
        default: name === 'bucket' ? undefined : (option.defaultText ?? inspect(option.default)),
      })),
    )
  })
})

/** Returns the members of all interfaces of a file, with the text of their `@default` tags. */
function interfaceMembers(file: string) {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(ROOT, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  )
  return source.statements.filter(ts.isInterfaceDeclaration).flatMap(({ members }) =>
    members.map(member => ({
      name: member.name?.getText(source),
      default: defaultTag(member),
    })),
  )
}

function defaultTag(member: ts.Node): string | undefined {
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default')
  return ts.getTextOfJSDocComment(tag?.comment)
}
