/** What was chosen before joining: devices on or off, which, and shared or not. What may be kept is remembered. */
import { recall, remember } from '../parts/memory';

export interface Choices {
  microphone: boolean;
  camera: boolean;
  microphoneId?: string;
  cameraId?: string;
  /** Several people speak into the microphone. */
  sharedMicrophone: boolean;
}

const NAME_KEY = 'greffier.name';
const MICROPHONE_KEY = 'greffier.microphone';
const CAMERA_KEY = 'greffier.camera';
const SHARED_MICROPHONE_KEY = 'greffier.shared-microphone';

/** Sound first: a camera lights up only for someone who once turned it on. A meeting room's computer stays one. */
export function recalledChoices(): Choices {
  return {
    microphone: recall(MICROPHONE_KEY) !== 'off',
    camera: recall(CAMERA_KEY) === 'on',
    sharedMicrophone: recall(SHARED_MICROPHONE_KEY) === 'on',
  };
}

export function rememberChoices({ microphone, camera, sharedMicrophone }: Choices): void {
  remember(SHARED_MICROPHONE_KEY, sharedMicrophone ? 'on' : 'off');
  remember(MICROPHONE_KEY, microphone ? 'on' : 'off');
  remember(CAMERA_KEY, camera ? 'on' : 'off');
}

export function recalledName(): string {
  return recall(NAME_KEY) ?? '';
}

export function rememberName(name: string): void {
  remember(NAME_KEY, name);
}
