/** Greffier's HTTP API as the page uses it: what a link leads to, and a token to enter. */
import type { Language } from '../language/language';

export interface CallNotice {
  title: string;
  language: Language;
  state: 'open' | 'over';
  transcribed: boolean;
  /** Whether the sound stays after its transcript is posted; null: the server does not say. */
  sound_kept: boolean | null;
  /** The hosts that are sent what people say, as sound and in writing; null: none. */
  sound_goes_to: string | null;
  words_go_to: string | null;
  /** Whether voices at a shared microphone are told apart, so that it is worth asking for. */
  voices_told_apart: boolean;
}

export interface Admission {
  livekit_url: string;
  token: string;
  identity: string;
  name: string;
}

const PROBLEMS = ['unknown_link', 'call_over', 'call_full', 'bad_name', 'livekit_unreachable', 'unavailable'] as const;

/** Why there is no answer to use: what the server said, or that it said nothing we understand. */
export type Problem = (typeof PROBLEMS)[number] | 'unreachable';

export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

const TIMEOUT_MS = 20_000;

export function fetchNotice(link: string): Promise<Answer<CallNotice>> {
  return ask(`/api/calls/${encodeURIComponent(link)}`, {});
}

export function fetchAdmission(link: string, name: string, sharedMicrophone: boolean): Promise<Answer<Admission>> {
  return ask(`/api/calls/${encodeURIComponent(link)}/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, shared_microphone: sharedMicrophone }),
  });
}

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await response.json();
    return response.ok ? { ok: true, value: body as T } : { ok: false, problem: problemOf(body) };
  } catch {
    return { ok: false, problem: 'unreachable' };
  }
}

function problemOf(body: unknown): Problem {
  const code = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  return PROBLEMS.find((problem) => problem === code) ?? 'unavailable';
}
