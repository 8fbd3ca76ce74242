import assert from 'node:assert/strict'
import { it } from 'node:test'
import { KeyQueue } from '../../../lib/storage/server/key-queue'

it('work on all keys runs after what was asked for before it and before what is asked for after it', async () => {
  const queue = new KeyQueue()
  const done: string[] = []
  const work = (name: string, turns: number) => async () => {
    for (let i = 0; i < turns; i++) await new Promise(setImmediate)
    done.push(name)
  }
  await Promise.all([
    queue.one('a', work('a before', 5)),
    queue.alone(work('alone', 9)),
    queue.one('a', work('a after', 1)),
    queue.many(['a', 'b'], work('a and b after', 1)),
    queue.alone(work('alone again', 3)),
    queue.one('c', work('c last', 1)),
  ])
  assert.deepEqual(done, ['a before', 'alone', 'a after', 'a and b after', 'alone again', 'c last'])
  await new Promise(setImmediate)
  assert.equal(queue.size, 0)
})

it('work on different keys runs at the same time, work that fails holds nothing up', async () => {
  const queue = new KeyQueue()
  const slow = queue.one('a', () => new Promise((resolve) => setTimeout(resolve, 20, 'slow')))
  assert.equal(
    queue.one('b', () => 'at once'),
    'at once',
  )
  await assert.rejects(Promise.resolve(queue.one('b', () => Promise.reject(new Error('failed')))))
  assert.equal(await queue.one('b', async () => 'after it'), 'after it')
  assert.equal(await slow, 'slow')
})
