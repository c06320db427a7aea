import { useId, useLayoutEffect, useRef, useState } from "react";

import type { ModelVersion } from "../api/types";
import { niceScale } from "./chartScale";
import styles from "./MetricsChart.module.css";
import { figure, figureText, GROUP_NAMES, GROUPS, METRICS, type Group, type Metric } from "./metrics";

const HEIGHT = 260;
const EDGE = { top: 14, right: 20, bottom: 34, left: 52 };
const SHOWN = 20;

/** One figure over the versions, oldest first. The table below has the same figures as text. */
export function MetricsChart({ versions }: { versions: ModelVersion[] }) {
  const [metric, setMetric] = useState<Metric>(METRICS[0]);
  const id = useId();
  const { box, width } = useWidth();
  const oldestFirst = versions.slice(0, SHOWN).reverse();
  return (
    <figure className={styles.figure}>
      <figcaption className="cluster">
        <label htmlFor={id} className={styles.label}>
          Figure
        </label>
        <select
          id={id}
          className={`field ${styles.select ?? ""}`}
          value={metric.key}
          onChange={({ target }) => {
            setMetric(METRICS.find(({ key }) => key === target.value) ?? METRICS[0]);
          }}
        >
          {METRICS.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
        <span className="soft">{metric.better} is better</span>
        <Legend />
      </figcaption>
      <div ref={box}>
        <Plot versions={oldestFirst} metric={metric} width={width} />
      </div>
    </figure>
  );
}

function Legend() {
  return (
    <ul className={styles.legend}>
      {GROUPS.map((group) => (
        <li key={group}>
          <svg width="30" height="12" viewBox="0 0 30 12" aria-hidden="true">
            <path d="M0 6h30" className={styles.line} data-group={group} />
            <Mark group={group} x={15} y={6} />
          </svg>
          {GROUP_NAMES[group]}
        </li>
      ))}
    </ul>
  );
}

/** The width there is, so that letters in the chart are as large as those around it. */
function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      setWidth(Math.max(240, element.clientWidth));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return { box, width };
}

interface PlotProps {
  versions: ModelVersion[];
  metric: Metric;
  width: number;
}

function Plot({ versions, metric, width }: PlotProps) {
  const values = GROUPS.flatMap((group) => versions.map((version) => figure(version, group, metric))).filter(
    (value) => value !== null,
  );
  if (values.length === 0) return <p className="soft">No version has this figure.</p>;
  const { y, ticks } = niceScale(values, EDGE.top, HEIGHT - EDGE.bottom);
  const step = (width - EDGE.left - EDGE.right) / Math.max(1, versions.length);
  const x = (i: number) => EDGE.left + step * (i + 0.5);
  return (
    <svg width={width} height={HEIGHT} className={styles.plot} role="img" aria-label={describe(versions, metric)}>
      {ticks.map((tick) => (
        <g key={tick}>
          <path d={`M${EDGE.left} ${y(tick)}H${width - EDGE.right}`} className={styles.grid} />
          <text x={EDGE.left - 8} y={y(tick) + 4} textAnchor="end" className={styles.tick}>
            {tick.toFixed(3)}
          </text>
        </g>
      ))}
      {versions.map(({ version, serving }, i) => (
        <text key={version} x={x(i)} y={HEIGHT - 10} textAnchor="middle" className={styles.tick} data-serving={serving}>
          {serving ? `${version} ★` : version}
        </text>
      ))}
      {GROUPS.map((group) => (
        <Series key={group} group={group} points={points(versions, group, metric, x, y)} />
      ))}
    </svg>
  );
}

interface PlotPoint {
  x: number;
  y: number;
  label: string;
}

function points(
  versions: ModelVersion[],
  group: Group,
  metric: Metric,
  x: (i: number) => number,
  y: (value: number) => number,
): PlotPoint[] {
  return versions.flatMap((version, i) => {
    const value = figure(version, group, metric);
    if (value === null) return [];
    const label = `Version ${version.version}, ${GROUP_NAMES[group].toLowerCase()}: ${figureText(value)}`;
    return [{ x: x(i), y: y(value), label }];
  });
}

function Series({ group, points: places }: { group: Group; points: PlotPoint[] }) {
  const line = places.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("L");
  return (
    <g>
      {places.length > 1 && <path d={`M${line}`} className={styles.line} data-group={group} />}
      {places.map((point) => (
        <g key={point.label}>
          <title>{point.label}</title>
          <Mark group={group} x={point.x} y={point.y} />
        </g>
      ))}
    </g>
  );
}

/** Dots for known users, squares for new ones: told apart without colour. */
function Mark({ group, x, y }: { group: Group; x: number; y: number }) {
  if (group === "known") return <circle cx={x} cy={y} r={4.5} className={styles.mark} data-group={group} />;
  return <rect x={x - 4.2} y={y - 4.2} width={8.4} height={8.4} className={styles.mark} data-group={group} />;
}

function describe(versions: ModelVersion[], metric: Metric): string {
  const last = versions.at(-1);
  if (!last) return metric.name;
  const newest = GROUPS.map((group) => `${figureText(figure(last, group, metric))} for ${GROUP_NAMES[group].toLowerCase()}`);
  return `${metric.name} over ${versions.length} versions; the newest, ${last.version}, has ${newest.join(" and ")}. The table below has every figure.`;
}
