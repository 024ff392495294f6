using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace BeBiDa.Metrics;

/// <summary>Sums up what instruments measure, and writes it in Prometheus' text format.</summary>
/// <remarks>The format: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format".</remarks>
public sealed class Exposition : IDisposable
{
    private readonly Lock gate = new();
    private readonly MeterListener listener = new();
    private readonly SortedDictionary<string, Family> families = new(StringComparer.Ordinal);
    private bool changed;

    /// <summary>Starts to listen.</summary>
    /// <param name="meter">Whose instruments; others of the process are left alone.</param>
    public Exposition(Meter meter)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter != meter)
                return;
            lock (gate)
                families[instrument.Name] = Family.Of(instrument);
            l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, value, tags));
        listener.Start();
    }

    /// <summary>Whether anything was counted since the last text was made; what is only observed then does not count.</summary>
    public bool Changed => Volatile.Read(ref changed);

    /// <summary>All of it as text.</summary>
    public string Write()
    {
        lock (gate)
            foreach (var family in families.Values)
                family.ForgetObserved();
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (gate)
        {
            changed = false;
            foreach (var family in families.Values)
                family.Write(text);
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        lock (gate)
        {
            families[instrument.Name].Add(labels, value);
            changed |= !instrument.IsObservable;
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new StringBuilder();
        foreach (var (name, value) in tags)
            labels.Append(labels.Length == 0 ? "" : ",").Append(name).Append("=\"").Append(Escaped(value?.ToString() ?? "")).Append('"');
        return labels.ToString();
    }

    private static string Escaped(string value) =>
        value
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);

    // One metric with all its series, by their labels.
    private sealed class Family(string name, string help, string type, bool isObserved, bool adds, IReadOnlyList<double> bounds)
    {
        private readonly SortedDictionary<string, Series> series = new(StringComparer.Ordinal);

        public static Family Of(Instrument instrument) =>
            instrument switch
            {
                Histogram<double> histogram => new(
                    instrument.Name,
                    instrument.Description ?? "",
                    "histogram",
                    false,
                    true,
                    histogram.Advice?.HistogramBucketBoundaries ?? []
                ),
                Counter<long> or Counter<double> => new(instrument.Name, instrument.Description ?? "", "counter", false, true, []),
                _ => new(instrument.Name, instrument.Description ?? "", "gauge", instrument.IsObservable, !instrument.IsObservable, []),
            };

        public void ForgetObserved()
        {
            if (isObserved)
                series.Clear();
        }

        public void Add(string labels, double value)
        {
            if (!series.TryGetValue(labels, out var one))
                series.Add(labels, one = new Series(bounds.Count));
            one.Value = adds ? one.Value + value : value;
            one.Count++;
            for (var i = 0; i < bounds.Count; i++)
                if (value <= bounds[i])
                    one.Buckets[i]++;
        }

        public void Write(StringBuilder text)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            foreach (var (labels, one) in series)
            {
                if (type != "histogram")
                {
                    Line(text, "", labels, one.Value);
                    continue;
                }
                for (var i = 0; i < bounds.Count; i++)
                    Line(text, "_bucket", Join(labels, string.Create(CultureInfo.InvariantCulture, $"le=\"{bounds[i]}\"")), one.Buckets[i]);
                Line(text, "_bucket", Join(labels, "le=\"+Inf\""), one.Count);
                Line(text, "_sum", labels, one.Value);
                Line(text, "_count", labels, one.Count);
            }
        }

        private void Line(StringBuilder text, string suffix, string labels, double value) =>
            text.Append(CultureInfo.InvariantCulture, $"{name}{suffix}{(labels.Length == 0 ? "" : $"{{{labels}}}")} {value}\n");

        private static string Join(string labels, string more) => labels.Length == 0 ? more : $"{labels},{more}";
    }

    private sealed class Series(int buckets)
    {
        public double Value { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
