/** Why someone is out of the call, as far as it changes what they are told. */
import { DisconnectReason } from 'livekit-client';

export type LeftWhy = 'left' | 'ended' | 'removed' | 'elsewhere' | 'lost' | 'failed';

export function leftWhy(reason: DisconnectReason | undefined): LeftWhy {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return 'left';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'ended';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'elsewhere';
    default:
      return 'lost';
  }
}
