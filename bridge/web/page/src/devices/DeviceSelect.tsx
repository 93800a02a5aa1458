/** The choice among devices of one kind; not shown while there is nothing to choose from. */
import { useId } from 'react';
import { useLanguage } from '../language/useLanguage';
import { useDevices } from './useDevices';

interface DeviceSelectProps {
  kind: MediaDeviceKind;
  label: string;
  deviceId: string | undefined;
  /** Changes when the browser may have begun to tell the devices' names. */
  permission: unknown;
  onChoose: (deviceId: string) => void;
}

export function DeviceSelect({ kind, label, deviceId, permission, onChoose }: DeviceSelectProps) {
  const { t } = useLanguage();
  const id = useId();
  const devices = useDevices(kind, permission);
  if (devices.length === 0) return null;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={deviceId ?? devices[0]?.deviceId} onChange={(event) => onChoose(event.target.value)}>
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || (device.deviceId === 'default' ? t.devices.byDefault : t.devices.unnamed(index + 1))}
          </option>
        ))}
      </select>
    </div>
  );
}
