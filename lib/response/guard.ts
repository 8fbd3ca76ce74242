/** What has to be done before a response may leave. */
export interface Guard {
  /**
   * Called once, when headers would leave; `ending`: together with the end. A promise holds the response until it
   * settles. What it throws or rejects with stops the response: `failed`.
   */
  beforeHeaders(ending: boolean): void | PromiseLike<void>
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
  /** The connection has closed. `ended`: after the handler had ended the response. */
  closed(ended: boolean): void
}
