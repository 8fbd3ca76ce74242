import { LIFE } from './changes'
import type { ProgramBody } from './visit'

/** Requests that look at a session and change it, and leave the saving to the middleware. */
export const changes = {
  read: {
    sets: 0,
    run: (v) => {
      v.look()
      v.end()
    },
  },
  slowRead: {
    sets: 0,
    run: async (v) => {
      v.look()
      await v.pause()
      v.look()
      v.end()
    },
  },
  set: {
    sets: 1,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  slowSet: {
    sets: 1,
    setsAfterAbort: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.pause()
      v.set(`b-${v.label}`)
      v.end()
    },
  },
  conflict: {
    sets: 1,
    run: (v) => {
      v.set('shared', v.label)
      v.end()
    },
  },
  pair: {
    sets: 1,
    run: (v) => {
      v.look()
      v.setPair()
      v.end()
    },
  },
  remove: {
    sets: 1,
    run: (v) => {
      v.remove('d')
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  remember: {
    sets: 1,
    run: (v) => {
      v.session.cookie.maxAge = v.world.longLifeMs
      // A new session that nothing else was put in is not saved.
      if (v.world.lines.of(v.session.id) === 'seed') v.note(LIFE, v.world.longLifeMs)
      v.end()
    },
  },
  update: {
    sets: 1,
    run: async (v) => {
      await v.count()
      v.end()
    },
  },
  updateSlowly: {
    sets: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.count(async (data) => {
        const n = data.n ?? 0
        await v.pause()
        data.n = n + 1
      })
      v.end()
    },
  },
  updateAndSet: {
    sets: 2,
    setsAfterAbort: 1,
    run: async (v) => {
      const counted = v.count()
      v.set(`a-${v.label}`)
      await counted
      v.end()
    },
  },
  stream: {
    sets: 1,
    setsAfterAbort: 1,
    run: async (v) => {
      v.res.write('first')
      await v.pause()
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  setThenStream: {
    sets: 2,
    setsAfterAbort: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      v.res.write('first')
      await v.pause()
      v.set(`b-${v.label}`)
      v.end()
    },
  },
  events: {
    sets: 2,
    setsAfterAbort: 1,
    endless: true,
    run: async (v) => {
      v.res.write('first')
      v.set(`a-${v.label}`)
      await v.pause()
    },
  },
  newcomer: {
    sets: 1,
    visitor: true,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.end()
    },
  },
} satisfies Record<string, ProgramBody>
