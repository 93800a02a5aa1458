/** One participant: picture or initials, name, and in words and signs whether they speak or are muted. */
import { isTrackReference, useIsMuted, useIsSpeaking, VideoTrack } from '@livekit/components-react';
import type { TrackReferenceOrPlaceholder } from '@livekit/components-react';
import { Track } from 'livekit-client';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';
import { initialsOf, nameOf } from './nameOf';

export function Tile({ person }: { person: TrackReferenceOrPlaceholder }) {
  const { t } = useLanguage();
  const { participant } = person;
  const speaking = useIsSpeaking(participant);
  const cameraOff = useIsMuted(person);
  const microphoneOff = useIsMuted({ participant, source: Track.Source.Microphone });
  const name = nameOf(participant);
  return (
    <li className={speaking ? 'tile tile-speaking' : 'tile'}>
      {isTrackReference(person) && !cameraOff ? (
        <VideoTrack trackRef={person} className={participant.isLocal ? 'mirrored' : ''} aria-hidden="true" />
      ) : (
        <span className="tile-initials" aria-hidden="true">
          {initialsOf(name)}
        </span>
      )}
      <p className="tile-name">
        {microphoneOff && <Icon name="micOff" />}
        {!microphoneOff && speaking && <Icon name="speaking" />}
        <span>{participant.isLocal ? t.call.you(name) : name}</span>
        <span className="visually-hidden">
          {microphoneOff && `, ${t.call.microphoneOff}`}
          {!microphoneOff && speaking && `, ${t.call.speaking}`}
        </span>
      </p>
    </li>
  );
}
