/** What was chosen before joining: devices on or off, and which. What may be kept for next time is remembered. */
import { recall, remember } from '../parts/memory';

export interface Choices {
  microphone: boolean;
  camera: boolean;
  microphoneId?: string;
  cameraId?: string;
}

const NAME_KEY = 'greffier.name';
const MICROPHONE_KEY = 'greffier.microphone';
const CAMERA_KEY = 'greffier.camera';

/** Sound first: a camera lights up only for someone who once turned it on. */
export function recalledChoices(): Choices {
  return { microphone: recall(MICROPHONE_KEY) !== 'off', camera: recall(CAMERA_KEY) === 'on' };
}

export function rememberChoices({ microphone, camera }: Choices): void {
  remember(MICROPHONE_KEY, microphone ? 'on' : 'off');
  remember(CAMERA_KEY, camera ? 'on' : 'off');
}

export function recalledName(): string {
  return recall(NAME_KEY) ?? '';
}

export function rememberName(name: string): void {
  remember(NAME_KEY, name);
}
