import styles from "./IntervalPlot.module.css";
import { place, type Span } from "./span";

const WIDTH = 200;
const HEIGHT = 36;
const SLIM = 22;
const EDGE = 8;

export type Tone = "good" | "plain" | "bad" | "open";

interface IntervalPlotProps {
  span: Span;
  tone: Tone;
  /** The same in words. */
  label: string;
  /** For one of many rows. */
  slim?: boolean;
}

/** An interval beside the line of no difference and the line where harm begins; better is to the right. */
export function IntervalPlot({ span, tone, label, slim = false }: IntervalPlotProps) {
  const height = slim ? SLIM : HEIGHT;
  const [low, estimate, high] = [at(span.low), at(span.estimate), at(span.high)];
  return (
    <svg width={WIDTH} height={height} className={styles.plot} role="img" aria-label={label}>
      <Lines harm={span.harm} height={height} />
      <g className={styles.interval} data-tone={tone} transform={`translate(0 ${height / 2})`}>
        <path d={`M${low.x} 0H${high.x}`} />
        <End place={low} pointing={-1} />
        <End place={high} pointing={1} />
        {!estimate.beyond && <path className={styles.mark} d={`M${estimate.x} -7l6 7l-6 7l-6 -7z`} />}
      </g>
    </svg>
  );
}

/** A cap where the interval ends, an arrow where it goes on beyond the picture. */
function End({ place: { x, beyond }, pointing }: { place: ReturnType<typeof at>; pointing: 1 | -1 }) {
  if (beyond) return <path d={`M${x - 6 * pointing} -5L${x} 0L${x - 6 * pointing} 5`} />;
  return <path d={`M${x} -5v10`} />;
}

function Lines({ harm, height }: { harm: number | null; height: number }) {
  const border = at(harm ?? 0).x;
  return (
    <>
      <rect x={0} y={0} width={border} height={height} className={styles.harm} />
      {harm !== null && <path d={`M${border} 0v${height}`} className={styles.margin} />}
      <path d={`M${at(0).x} 0v${height}`} className={styles.even} />
    </>
  );
}

/** What the lines mean; stands over a column of plots. */
export function IntervalScale() {
  return (
    <svg width={WIDTH} height={18} className={styles.plot} aria-hidden="true">
      <text x={2} y={13} className={styles.word}>
        worse
      </text>
      <text x={at(-1).x} y={13} textAnchor="middle" className={styles.word}>
        margin
      </text>
      <text x={at(0).x + 4} y={13} textAnchor="start" className={styles.word}>
        even
      </text>
      <text x={WIDTH - 2} y={13} textAnchor="end" className={styles.word}>
        better
      </text>
    </svg>
  );
}

function at(margins: number) {
  const placed = place(margins, WIDTH - 2 * EDGE);
  return { ...placed, x: placed.x + EDGE };
}
