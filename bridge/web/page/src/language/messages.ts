/** Every sentence that people read, by name; `fr.ts` and `en.ts` fill it in, and the compiler sees that both do. */
import type { Problem } from '../door/api';
import type { DeviceProblem } from '../devices/deviceProblem';
import type { LeftWhy } from '../call/leftWhy';

export interface Messages {
  language: { choose: string };
  loading: string;
  retry: string;
  close: string;

  notice: {
    title: string;
    text: string;
    soundErased: string;
    soundKept: string;
    soundElsewhere: (host: string) => string;
    wordsElsewhere: (host: string) => string;
    allElsewhere: (host: string) => string;
    allElsewhereApart: (soundHost: string, wordsHost: string) => string;
    notRecorded: string;
    staySilent: string;
    none: string;
  };

  prejoin: {
    heading: (title: string) => string;
    nameLabel: string;
    nameHint: string;
    nameMissing: string;
    nameRefused: string;
    preview: string;
    cameraOff: string;
    cameraStarting: string;
    join: string;
    joining: string;
    listenOnly: string;
    sharedMicrophone: string;
    sharedMicrophoneHint: string;
  };

  microphone: { label: string; turnOn: string; turnOff: string; off: string; starting: string; level: string };
  voice: { silent: string; heard: string };
  camera: { label: string; turnOn: string; turnOff: string };
  speaker: { label: string };
  devices: { title: string; unnamed: (index: number) => string; byDefault: string };
  microphoneProblem: Record<DeviceProblem, string>;
  cameraProblem: Record<DeviceProblem, string>;

  call: {
    heading: (title: string) => string;
    participants: (count: number) => string;
    grid: string;
    you: (name: string) => string;
    microphoneOff: string;
    speaking: string;
    controls: string;
    leave: string;
    settings: string;
    pages: string;
    page: (current: number, total: number) => string;
    previousPage: string;
    nextPage: string;
    alone: string;
    connecting: string;
    reconnecting: string;
    reconnected: string;
    soundBlocked: string;
    enableSound: string;
    joined: (name: string) => string;
    gone: (name: string) => string;
  };
  screenShare: {
    start: string;
    stop: string;
    by: (name: string) => string;
    yours: string;
    failed: string;
  };
  transcription: { banner: string; running: string; waiting: string; stopped: string; erased: string };
  chat: {
    title: string;
    open: string;
    close: string;
    openWithUnread: (count: number) => string;
    empty: string;
    ephemeral: string;
    inputLabel: string;
    send: string;
    failed: string;
    from: (name: string, time: string) => string;
    arrived: (name: string) => string;
  };

  left: {
    title: Record<LeftWhy, string>;
    text: Record<LeftWhy, string>;
    transcript: string;
    rejoin: string;
    closeTab: string;
  };
  problem: Record<Problem, { title: string; text: string }>;
  browserTooOld: string;
}
