import type { Architecture } from '../types.ts';
import { Assembler } from './assembler.ts';
import { staticElf } from './elf.ts';

/**
 * The program of the sandbox container: it keeps the pod's namespaces, ends with status 0 on SIGTERM and SIGINT, and,
 * where the pod shares one process namespace and this is process 1, reaps what is left to it.
 *
 *     rt_sigprocmask(SIG_BLOCK, {INT, TERM, CHLD})    // from now on they wait in the queue, also for process 1
 *     do {
 *       while (wait4(-1, 0, WNOHANG, 0) > 0);         // one SIGCHLD may stand for many children
 *       signal = rt_sigtimedwait({INT, TERM, CHLD}, 0, 0)
 *     } while (signal is neither INT nor TERM);       // CHLD, or EINTR
 *     exit_group(0)
 *
 * It touches no memory but its own code, so that it needs neither stack nor library.
 */
export function pauseProgram(architecture: Architecture): Uint8Array {
  return staticElf(architecture, architecture === 'amd64' ? amd64() : arm64());
}

const SIGINT = 2;
const SIGTERM = 15;
const SIGCHLD = 17;
const WNOHANG = 1;
const signalSet = [SIGINT, SIGTERM, SIGCHLD].reduce((set, signal) => set | (1 << (signal - 1)), 0);
const signalSetBytes = 8;

/** System calls by `linux/arch/x86/entry/syscalls/syscall_64.tbl`; number in eax, arguments in rdi, rsi, rdx, r10. */
function amd64(): Uint8Array {
  const code = new Assembler();
  const movEax = (value: number) => code.bytes(0xb8).word(value);
  const movEdi = (value: number) => code.bytes(0xbf).word(value);
  const movEdx = (value: number) => code.bytes(0xba).word(value);
  const movR10d = (value: number) => code.bytes(0x41, 0xba).word(value);
  const clearEdi = () => code.bytes(0x31, 0xff);
  const clearEsi = () => code.bytes(0x31, 0xf6);
  const clearEdx = () => code.bytes(0x31, 0xd2);
  const clearR10d = () => code.bytes(0x45, 0x31, 0xd2);
  const syscall = () => code.bytes(0x0f, 0x05);
  // Distances count from the end of the instruction, which is where these four bytes end.
  const fromNext = (_: number, distance: number) => distance - 4;
  const leaRsi = (label: string) => code.bytes(0x48, 0x8d, 0x35).wordTo(label, 0, fromNext);
  const leaRdi = (label: string) => code.bytes(0x48, 0x8d, 0x3d).wordTo(label, 0, fromNext);
  const cmpEax = (value: number) => code.bytes(0x83, 0xf8, value);
  const testEax = () => code.bytes(0x85, 0xc0);
  const jumpIfEqual = (label: string) => code.bytes(0x0f, 0x84).wordTo(label, 0, fromNext);
  const jumpIfGreater = (label: string) => code.bytes(0x0f, 0x8f).wordTo(label, 0, fromNext);
  const jump = (label: string) => code.bytes(0xe9).wordTo(label, 0, fromNext);

  clearEdi(); // SIG_BLOCK = 0
  leaRsi('signals');
  clearEdx();
  movR10d(signalSetBytes);
  movEax(14); // rt_sigprocmask
  syscall();

  code.label('reap');
  movEdi(0xffffffff); // wait4 takes a pid_t, 32 bits: -1
  clearEsi();
  movEdx(WNOHANG);
  clearR10d();
  movEax(61); // wait4
  syscall();
  testEax();
  jumpIfGreater('reap');

  leaRdi('signals');
  clearEsi();
  clearEdx();
  movR10d(signalSetBytes);
  movEax(128); // rt_sigtimedwait
  syscall();
  cmpEax(SIGTERM);
  jumpIfEqual('exit');
  cmpEax(SIGINT);
  jumpIfEqual('exit');
  jump('reap');

  code.label('exit');
  clearEdi();
  movEax(231); // exit_group
  syscall();

  code.label('signals');
  code.word(signalSet);
  code.word(0);
  return code.assemble();
}

/** System calls by `linux/include/uapi/asm-generic/unistd.h`; number in w8, arguments in x0 to x3. */
function arm64(): Uint8Array {
  const code = new Assembler();
  const movz = (register: number, value: number) => code.word(0x52800000 | (value << 5) | register);
  const minusOne = (register: number) => code.word(0x12800000 | register); // movn w, #0
  const adr = (register: number, label: string) =>
    code.wordTo(label, 0x10000000 | register, (word, distance) => {
      return word | ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5);
    });
  const cmp = (register: number, value: number) => code.word(0x7100001f | (value << 10) | (register << 5));
  const equal = 0b0000;
  const greater = 0b1100;
  const jumpIf = (condition: number, label: string) =>
    code.wordTo(label, 0x54000000 | condition, (word, distance) => word | (((distance >> 2) & 0x7ffff) << 5));
  const jump = (label: string) =>
    code.wordTo(label, 0x14000000, (word, distance) => word | ((distance >> 2) & 0x3ffffff));
  const syscall = (number: number) => movz(8, number).word(0xd4000001);

  movz(0, 0); // SIG_BLOCK = 0
  adr(1, 'signals');
  movz(2, 0);
  movz(3, signalSetBytes);
  syscall(135); // rt_sigprocmask

  code.label('reap');
  minusOne(0);
  movz(1, 0);
  movz(2, WNOHANG);
  movz(3, 0);
  syscall(260); // wait4
  cmp(0, 0);
  jumpIf(greater, 'reap');

  adr(0, 'signals');
  movz(1, 0);
  movz(2, 0);
  movz(3, signalSetBytes);
  syscall(137); // rt_sigtimedwait
  cmp(0, SIGTERM);
  jumpIf(equal, 'exit');
  cmp(0, SIGINT);
  jumpIf(equal, 'exit');
  jump('reap');

  code.label('exit');
  movz(0, 0);
  syscall(94); // exit_group

  code.label('signals');
  code.word(signalSet);
  code.word(0);
  return code.assemble();
}
