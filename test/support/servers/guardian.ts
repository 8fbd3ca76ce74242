import { type ChildProcess, spawn } from 'node:child_process'

/**
 * A shell that waits for its standard input to end, which it does when the test process ends in whatever way, and
 * then ends the servers and removes the folders that are still on its list. SIGQUIT first: PostgreSQL then
 * takes its children and its shared memory with it.
 */
const SCRIPT = `
trap '' INT TERM HUP
pids= folders=
while read -r word value; do
  case $word in
    watch) pids="$pids $value " ;;
    forget) pids=$(printf %s "$pids" | sed "s/ $value / /") ;;
    folder) folders="$folders $value" ;;
  esac
done
for pid in $pids; do kill -CONT "$pid"; kill -QUIT "$pid"; done
for try in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for pid in $pids; do
    state=Z; read -r _ _ state _ <"/proc/$pid/stat"
    [ "$state" = Z ] || alive=yes
  done
  [ "$alive" ] || break
  sleep 0.1
done
for pid in $pids; do kill -KILL "$pid"; done
for folder in $folders; do rm -rf "$folder"; done
`

let shell: ChildProcess | undefined

function tell(line: string): void {
  if (shell === undefined) {
    // Detached: a Ctrl-C in the terminal goes to the whole process group and must not end the guardian first.
    shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    shell.unref()
    ;(shell.stdin as unknown as { unref(): void }).unref()
    shell.stdin?.on('error', () => {})
  }
  shell.stdin?.write(`${line}\n`)
}

/** End this process, a child of ours, when we end. */
export function watch(pid: number): void {
  tell(`watch ${pid}`)
}

/** It has ended: its number may belong to somebody else from now on. */
export function forget(pid: number): void {
  tell(`forget ${pid}`)
}

/** Remove this folder when we end. */
export function removeAtExit(folder: string): void {
  if (/\s/.test(folder)) throw new Error(`a temporary folder with white space in its path: ${folder}`)
  tell(`folder ${folder}`)
}
