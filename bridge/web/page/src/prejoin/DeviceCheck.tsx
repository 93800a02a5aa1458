/** Microphone and camera before joining: on or off, which one, and a proof that it works. */
import type { LocalAudioTrack, LocalVideoTrack } from 'livekit-client';
import { DeviceSelect } from '../devices/DeviceSelect';
import { useLanguage } from '../language/useLanguage';
import { Alert } from '../parts/Alert';
import { IconButton } from '../parts/IconButton';
import { CameraPreview } from './CameraPreview';
import type { Choices } from './choices';
import { LevelMeter } from './LevelMeter';
import type { Preview } from './usePreview';

interface DeviceCheckProps {
  choices: Choices;
  microphone: Preview<LocalAudioTrack>;
  camera: Preview<LocalVideoTrack>;
  onChange: (choices: Choices) => void;
}

export function DeviceCheck({ choices, microphone, camera, onChange }: DeviceCheckProps) {
  const { t } = useLanguage();
  return (
    <div className="device-check">
      <CameraPreview preview={camera} />
      <div className="device-buttons">
        <IconButton
          icon={choices.microphone ? 'mic' : 'micOff'}
          label={choices.microphone ? t.microphone.turnOff : t.microphone.turnOn}
          look={choices.microphone ? 'plain' : 'off'}
          onClick={() => onChange({ ...choices, microphone: !choices.microphone })}
        />
        <IconButton
          icon={choices.camera ? 'camera' : 'cameraOff'}
          label={choices.camera ? t.camera.turnOff : t.camera.turnOn}
          look={choices.camera ? 'plain' : 'off'}
          onClick={() => onChange({ ...choices, camera: !choices.camera })}
        />
      </div>
      <MicrophoneState preview={microphone} />
      <CameraTrouble preview={camera} />
      <DeviceSelect
        kind="audioinput"
        label={t.microphone.label}
        deviceId={choices.microphoneId}
        permission={microphone.state}
        onChoose={(microphoneId) => onChange({ ...choices, microphoneId, microphone: true })}
      />
      <DeviceSelect
        kind="videoinput"
        label={t.camera.label}
        deviceId={choices.cameraId}
        permission={`${camera.state} ${microphone.state}`}
        onChoose={(cameraId) => onChange({ ...choices, cameraId, camera: true })}
      />
    </div>
  );
}

function MicrophoneState({ preview }: { preview: Preview<LocalAudioTrack> }) {
  const { t } = useLanguage();
  const { state, track } = preview;
  if (track !== undefined) return <LevelMeter track={track} />;
  if (state === 'starting') return <p className="level">{t.microphone.starting}</p>;
  if (state === 'off' || state === 'on') return <p className="level">{t.prejoin.listenOnly}</p>;
  return (
    <Alert kind="warning">
      <p>{t.microphoneProblem[state]}</p>
      <p>{t.prejoin.listenOnly}</p>
    </Alert>
  );
}

function CameraTrouble({ preview: { state } }: { preview: Preview<LocalVideoTrack> }) {
  const { t } = useLanguage();
  if (state === 'off' || state === 'on' || state === 'starting') return null;
  return <Alert kind="warning">{t.cameraProblem[state]}</Alert>;
}
