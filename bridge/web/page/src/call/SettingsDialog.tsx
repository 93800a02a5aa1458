/** Which microphone, camera and speaker the call uses, chosen while it goes on. */
import { useMediaDeviceSelect, useRoomContext } from '@livekit/components-react';
import { supportsAudioOutputSelection } from 'livekit-client';
import { useEffect, useRef } from 'react';
import { DeviceSelect } from '../devices/DeviceSelect';
import { useLanguage } from '../language/useLanguage';

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    // Modal: the browser keeps the focus inside, closes on Escape, and gives the focus back.
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="settings" aria-labelledby="settings-title" onClose={onClose}>
      <h2 id="settings-title">{t.devices.title}</h2>
      <RoomDevice kind="audioinput" label={t.microphone.label} />
      <RoomDevice kind="videoinput" label={t.camera.label} />
      {supportsAudioOutputSelection() && <RoomDevice kind="audiooutput" label={t.speaker.label} />}
      <button type="button" className="button" onClick={() => dialog.current?.close()}>
        {t.close}
      </button>
    </dialog>
  );
}

function RoomDevice({ kind, label }: { kind: MediaDeviceKind; label: string }) {
  const room = useRoomContext();
  const { activeDeviceId, setActiveMediaDevice } = useMediaDeviceSelect({ kind, room });
  return (
    <DeviceSelect
      kind={kind}
      label={label}
      deviceId={activeDeviceId}
      permission={null}
      onChoose={(deviceId) => void setActiveMediaDevice(deviceId)}
    />
  );
}
