import type { Loan } from './lender.ts'

/** The loans of one upload that have not ended. An uploader of the application may never end them. */
export class OpenLoans {
  readonly #loans = new Set<Loan>()
  #isClosed = false

  /** Returns the loan, which is ended by `close()` at the latest. */
  track(loan: Loan): Loan {
    // The upload can end between the grant of a loan and this call. Its uploader must not get the buffer then.
    if (this.#isClosed) loan.drop()
    this.check()
    const tracked = new TrackedLoan(loan, this.#loans)
    this.#loans.add(tracked)
    return tracked
  }

  /** Throws if the upload has ended: nothing would end another loan. */
  check(): void {
    if (this.#isClosed) throw new Error('The upload has ended. It can borrow no memory.')
  }

  /** The upload has ended. Drops its loans: its uploader may still write to the buffers, or a socket may read them. */
  close(): void {
    this.#isClosed = true
    for (const loan of this.#loans) loan.drop()
  }
}

/** A class, because V8 allocates the functions of an object literal with an accessor among its old objects. */
class TrackedLoan implements Loan {
  readonly #loan: Loan
  readonly #open: Set<Loan>

  constructor(loan: Loan, open: Set<Loan>) {
    this.#loan = loan
    this.#open = open
  }

  get buffer(): Buffer {
    return this.#loan.buffer
  }

  shrink(size: number): void {
    this.#loan.shrink(size)
  }

  release(): void {
    this.#open.delete(this)
    this.#loan.release()
  }

  drop(): void {
    this.#open.delete(this)
    this.#loan.drop()
  }
}
