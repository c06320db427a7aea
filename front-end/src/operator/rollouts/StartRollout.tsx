import { useId, useRef, useState } from "react";
import { useNavigate } from "react-router";

import { usePolicy, useStartRollout } from "../../api/rollouts";
import type { PolicyPreset } from "../../api/types";
import { paths } from "../../app/paths";
import { useAnnounce } from "../../shell/announcer";
import { Loading } from "../../shell/Blank";
import { Problem } from "../../shell/Problem";
import { ReasonDialog } from "../ReasonDialog";
import { presetBrief, presetEnd, presetSteps } from "./presets";
import styles from "./StartRollout.module.css";

/** The button and its dialog: which preset, what that does, and why. Goes to watch the rollout. */
export function StartRollout({ version, quiet = false }: { version: number; quiet?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const policy = usePolicy();
  const start = useStartRollout();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string | null>(null);
  const presets = policy.data?.presets ?? [];
  const preset = chosen ?? policy.data?.default_preset ?? null;
  return (
    <>
      <button type="button" className={quiet ? "button quiet" : "button"} onClick={() => dialog.current?.showModal()}>
        Start a rollout
      </button>
      <ReasonDialog
        ref={dialog}
        title={`Roll out version ${version}?`}
        act="Start the rollout"
        acting="Starting…"
        pending={start.isPending}
        error={start.error}
        disabled={preset === null}
        onSubmit={(reason, done) => {
          start.mutate(
            { version, preset, reason },
            {
              onSuccess: (rollout) => {
                done();
                announce({ text: `The rollout of version ${version} has started.` });
                void navigate(paths.rollout(rollout.rollout_id));
              },
            },
          );
        }}
      >
        {policy.isPending && <Loading label="Fetching the policy" shape="line" count={2} />}
        {policy.isError && <Problem error={policy.error} onRetry={() => void policy.refetch()} />}
        {policy.isSuccess && <Presets presets={presets} chosen={preset} onChoose={setChosen} />}
      </ReasonDialog>
    </>
  );
}

interface PresetsProps {
  presets: readonly PolicyPreset[];
  chosen: string | null;
  onChoose: (name: string) => void;
}

function Presets({ presets, chosen, onChoose }: PresetsProps) {
  const id = useId();
  return (
    <fieldset className={styles.presets}>
      <legend className="label">Preset</legend>
      {presets.map(({ name, ...plan }) => (
        <div key={name} className={styles.preset} data-chosen={name === chosen}>
          <input
            type="radio"
            id={`${id}-${name}`}
            name={id}
            checked={name === chosen}
            aria-describedby={`${id}-${name}-does`}
            onChange={() => {
              onChoose(name);
            }}
          />
          <label htmlFor={`${id}-${name}`}>
            <strong>{name}</strong> <span className="soft">{presetBrief(plan)}</span>
          </label>
          <div id={`${id}-${name}-does`} className={styles.does} hidden={name !== chosen}>
            <ol>
              {presetSteps(plan).map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
            {presetEnd(plan) !== null && <p>{presetEnd(plan)}</p>}
          </div>
        </div>
      ))}
    </fieldset>
  );
}
