/**
 * Where sojourn behaves otherwise than express-session on purpose, by title of the behaviour, with the reason. A
 * behaviour that is listed here and does not differ fails.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'T5: two middlewares on one store each make their own sessions':
    'there the middleware made last makes the sessions of all',
  'T7: a store with on, get, set and destroy is enough': 'there a store must inherit from the abstract Store',
  'T8: one pair of listeners per store, however many middlewares':
    'there each middleware adds a pair, which ends in a leak warning',
  'T9: get may answer twice: the second answer has no effect':
    'there the second answer runs the application, or its error handler, once more',
  'T9: the handler does not run on the stack of the store':
    'there what a handler throws can end in the store, which answers again',
  'T13: a mark that set has put there does not cause a second set':
    'there the mark counts as a change of the handler',
  'T15: a touch that finds no row is no error of the response':
    'there the error goes to next() after the response has left',
  'T18: with a callback the methods return the session':
    "there the middleware's own save and reload return nothing",
  'T25: the end of a response that has nothing else saves':
    'there it calls a private method that the response does not have',
  'Manual: the view counter counts the views of each user, on Connect':
    'there the count that goes up after the end is never saved',
  'Manual: the view counter counts the views of each user, on Express':
    'there the count that goes up after the end is never saved',
  'a record without a cookie counts as absent':
    'there it is an error of each request until the browser forgets',
  'a destroyed session takes its cookie along': 'there the browser keeps a cookie that opens nothing',
  'a cookie of path /adm is none of /admiral':
    'there the path is a mere prefix, which RFC 6265 does not know',
  'a save that fails is an error of its response': 'there the response has left when the save fails',
  'store: null is no store': 'there a MemoryStore takes the place of the store that was meant',
  "a text is neither true nor false: resave: 'no'": 'there each text is true, or for proxy nothing at all',
  'genid: may answer later': 'there the promise itself is taken for the id, and nothing is saved',
  "T30: resave does not put the loaded copy over somebody else's change":
    'there the copy that was loaded is written back, which undoes the change',
}
