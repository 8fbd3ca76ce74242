/** What has to be done before a response may leave. */
export interface Guard {
  /**
   * Called once, when headers would leave; `ending`: together with the end. A promise holds the response until it
   * settles. What it throws or rejects with stops the response: `failed`.
   *
   * @param status the status that would leave
   */
  beforeHeaders(ending: boolean, status: number): void | PromiseLike<void>
  /**
   * Called before the last byte of a body whose length was declared leaves: with it the client has the whole
   * response, though the handler has not ended it yet.
   */
  beforeLastByte(): void | PromiseLike<void>
  /** Called when a response ends whose headers have left already. */
  beforeEnd(): void | PromiseLike<void>
  /** Whether `putHeaders` has something to put. */
  readonly hasHeaders: boolean
  /** Called right before the headers leave. */
  putHeaders(): void
  /** The response was stopped. `headersLeft`: too late for another one. */
  failed(error: unknown, headersLeft: boolean): void
  /** No event will tell when the response is over: what is kept until then is released now. */
  letGo(): void
  /**
   * In place of `beforeHeaders`, for a response that cannot wait: decides what `putHeaders` puts, and begins the
   * save. Never throws.
   */
  decideAtOnce(): void
  /**
   * Saves for a response that cannot be told of a failure: that is an event alone. Never throws or rejects.
   *
   * @param headers headers are about to leave, and `putHeaders` is called after
   */
  saveBeside(ending: boolean, headers: boolean): void | PromiseLike<void>
  /** The connection has closed. `ended`: after the handler had ended the response. */
  closed(ended: boolean): void
}
