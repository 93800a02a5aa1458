/** Why a microphone or a camera could not be had, as far as people can do something about it. */
import { MediaDeviceFailure } from 'livekit-client';

export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'unsupported' | 'failed';

export interface DeviceTrouble {
  kind: 'microphone' | 'camera';
  problem: DeviceProblem;
}

export function deviceProblemOf(error: unknown): DeviceProblem {
  switch (MediaDeviceFailure.getFailure(error)) {
    case MediaDeviceFailure.PermissionDenied:
      return 'denied';
    case MediaDeviceFailure.NotFound:
      return 'missing';
    case MediaDeviceFailure.DeviceInUse:
      return 'busy';
    default:
      return canCapture() ? 'failed' : 'unsupported';
  }
}

/** Browsers hide their devices from pages that are not served over HTTPS. */
export function canCapture(): boolean {
  // The type says that mediaDevices is always there; browsers differ.
  return (navigator.mediaDevices as Partial<MediaDevices> | undefined)?.getUserMedia !== undefined;
}

export function canShareScreen(): boolean {
  return (navigator.mediaDevices as Partial<MediaDevices> | undefined)?.getDisplayMedia !== undefined;
}
