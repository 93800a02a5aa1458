/** How a participant is called: the name given at the door, else the identity, never nothing. */
import type { Participant } from 'livekit-client';

export function nameOf(participant: Participant): string {
  return participant.name !== undefined && participant.name !== '' ? participant.name : participant.identity;
}

/** Up to two letters for a tile without a picture: of the first and the last word, the [organisation] left out. */
export function initialsOf(name: string): string {
  const words = name
    .replace(/\[.*\]\s*$/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase();
}
