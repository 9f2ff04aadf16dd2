import { expect, it } from 'vitest'
import { createLender, type Loan } from '../../src/memory/memory-budget.ts'
import { OpenLoans } from '../../src/memory/open-loans.ts'
import { MiB } from '../../src/shared/sizes.ts'

it('drops a loan that is granted after its upload has ended, and lends its buffer to no uploader', () => {
  const budget = createLender(4 * MiB)
  const loans = new OpenLoans()
  const loan = budget.tryBorrow(MiB) as Loan
  loans.close()
  expect(() => loans.track(loan)).toThrow('has ended')
  expect(budget.inUse).toBe(0)
  expect(budget.tryBorrow(MiB)?.buffer.buffer).not.toBe(loan.buffer.buffer)
})
