/** Microphone and camera during the call: one button each, which says what it will do. */
import { useTrackToggle } from '@livekit/components-react';
import { Track } from 'livekit-client';
import { useLanguage } from '../language/useLanguage';
import { IconButton } from '../parts/IconButton';
import type { DeviceTrouble } from '../devices/deviceProblem';

interface DeviceButtonProps {
  onDeviceError: (kind: DeviceTrouble['kind'], error: unknown) => void;
}

export function MicrophoneButton({ onDeviceError }: DeviceButtonProps) {
  const { t } = useLanguage();
  const { enabled, pending, toggle } = useTrackToggle({
    source: Track.Source.Microphone,
    onDeviceError: (error) => onDeviceError('microphone', error),
  });
  return (
    <IconButton
      icon={enabled ? 'mic' : 'micOff'}
      label={enabled ? t.microphone.turnOff : t.microphone.turnOn}
      short={t.microphone.label}
      look={enabled ? 'plain' : 'off'}
      disabled={pending}
      onClick={() => void toggle()}
    />
  );
}

export function CameraButton({ onDeviceError }: DeviceButtonProps) {
  const { t } = useLanguage();
  const { enabled, pending, toggle } = useTrackToggle({
    source: Track.Source.Camera,
    onDeviceError: (error) => onDeviceError('camera', error),
  });
  return (
    <IconButton
      icon={enabled ? 'camera' : 'cameraOff'}
      label={enabled ? t.camera.turnOff : t.camera.turnOn}
      short={t.camera.label}
      look={enabled ? 'plain' : 'off'}
      disabled={pending}
      onClick={() => void toggle()}
    />
  );
}
