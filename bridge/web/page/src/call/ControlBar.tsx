/** The buttons of the call: microphone, camera, screen, chat, settings, leave. */
import { useRoomContext } from '@livekit/components-react';
import { useState } from 'react';
import type { Ref } from 'react';
import { useLanguage } from '../language/useLanguage';
import { IconButton } from '../parts/IconButton';
import type { DeviceTrouble } from '../devices/deviceProblem';
import { CameraButton, MicrophoneButton } from './DeviceButtons';
import { ScreenShareButton } from './ScreenShareButton';
import { SettingsDialog } from './SettingsDialog';

interface ControlBarProps {
  chatOpen: boolean;
  unread: number;
  chatButton: Ref<HTMLButtonElement>;
  onChat: () => void;
  onDeviceError: (kind: DeviceTrouble['kind'], error: unknown) => void;
}

export function ControlBar({ chatOpen, unread, chatButton, onChat, onDeviceError }: ControlBarProps) {
  const { t } = useLanguage();
  const room = useRoomContext();
  const [settingsOpen, setSettingsOpen] = useState(false);
  const openChat = unread > 0 ? t.chat.openWithUnread(unread) : t.chat.open;
  return (
    <footer className="control-bar">
      <div className="control-bar-buttons" role="group" aria-label={t.call.controls}>
        <MicrophoneButton onDeviceError={onDeviceError} />
        <CameraButton onDeviceError={onDeviceError} />
        <ScreenShareButton />
        <IconButton
          ref={chatButton}
          icon="chat"
          label={chatOpen ? t.chat.close : openChat}
          short={t.chat.title}
          expanded={chatOpen}
          badge={unread > 0 && <span className="badge">{unread}</span>}
          onClick={onChat}
        />
        <IconButton
          icon="settings"
          label={t.devices.title}
          short={t.call.settings}
          onClick={() => setSettingsOpen(true)}
        />
        <IconButton icon="leave" label={t.call.leave} look="danger" onClick={() => void room.disconnect()} />
      </div>
      {settingsOpen && <SettingsDialog onClose={() => setSettingsOpen(false)} />}
    </footer>
  );
}
