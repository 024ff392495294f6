using System.Globalization;
using System.Net;
using System.Text;
using BeBiDa.Holds;

namespace BeBiDa.Cli.Timelines;

/// <summary>Draws a timeline as SVG: a row for each node, time from left to right.</summary>
/// <remarks>
/// The colours are Okabe's and Ito's, which people with any colour vision tell apart; they differ in lightness too, and the
/// time in between is hatched. Light or dark is the viewer's choice (prefers-color-scheme).
/// </remarks>
internal sealed class TimelinePicture(Timeline timeline, TimeZoneInfo zone)
{
    private const double Width = 1200,
        Right = 28,
        Top = 118,
        Bottom = 54;

    // What people still see.
    private const double Least = 3;

    // Of the font that everything is measured in.
    private const double Letter = 7.2,
        BoldLetter = 9.6,
        SmallLetter = 5.8;

    // What a tooltip has room for; in logs, node lists may be long.
    private const int LongestNote = 240;

    private readonly StringBuilder svg = new();
    private readonly double left = 28 + Math.Clamp(timeline.Rows.Select(r => r.Node.Length).DefaultIfEmpty(0).Max(), 2, 28) * Letter + 14;
    private readonly double row = timeline.Rows.Count switch
    {
        <= 16 => 36,
        <= 40 => 26,
        <= 120 => 16,
        _ => 10,
    };

    private double Height => Top + timeline.Rows.Count * row + Bottom;

    /// <summary>The picture.</summary>
    public string Draw()
    {
        Add(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(Width)} {N(Height)}\" width=\"{N(Width)}\" height=\"{N(Height)}\" role=\"img\" aria-labelledby=\"title\" font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">"
        );
        Add("<title id=\"title\">Who had which node</title>");
        Add(Style);
        Add(
            "<defs><pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"between\" width=\"7\" height=\"7\"/><rect class=\"stripe\" width=\"2.5\" height=\"7\"/></pattern></defs>"
        );
        Add($"<rect class=\"paper\" width=\"{N(Width)}\" height=\"{N(Height)}\"/>");
        Heading();
        Legend();
        Axis();
        for (var i = 0; i < timeline.Rows.Count; i++)
            // Where rows are narrow, a name now and then.
            Row(timeline.Rows[i].Node, timeline.Rows[i].Stretches, Top + i * row, i % (int)Math.Ceiling(14 / row) == 0);
        Add("</svg>");
        return svg.ToString();
    }

    /// <summary>How long something took, with as many digits as matter.</summary>
    public static string Length(TimeSpan length) =>
        length switch
        {
            { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, length.TotalMilliseconds):0} ms"),
            { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0.0} s"),
            { TotalMinutes: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalMinutes} min {length.Seconds} s"),
            { TotalHours: < 48 } => string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalHours} h {length.Minutes} min"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{length.TotalDays:0.0} days"),
        };

    /// <summary>A moment of the zone, to the second, or to the millisecond.</summary>
    public static string Clock(DateTimeOffset time, TimeZoneInfo zone, bool precise = false) =>
        TimeZoneInfo.ConvertTime(time, zone).ToString(precise ? "HH:mm:ss.fff" : "HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>When it was, and in whose time, in a line.</summary>
    public static string Describe(Timeline timeline, TimeZoneInfo zone)
    {
        var (from, until) = (TimeZoneInfo.ConvertTime(timeline.From, zone), TimeZoneInfo.ConvertTime(timeline.Until, zone));
        var offset = from.Offset == TimeSpan.Zero ? "UTC" : $"UTC{(from.Offset < TimeSpan.Zero ? "-" : "+")}{from.Offset:hh\\:mm}";
        var name = zone.Id is "UTC" or "Etc/UTC" or "Local" || from.Offset == TimeSpan.Zero ? offset : $"{zone.Id} ({offset})";
        var day = from.Year == until.Year ? "d MMMM" : "d MMMM yyyy";
        var end =
            from.Date == until.Date ? Clock(until, zone) : $"{until.ToString(day, CultureInfo.InvariantCulture)} {Clock(until, zone)}";
        return $"{from.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)}, {Clock(from, zone)} to {end}, {name}";
    }

    private void Heading()
    {
        Add($"<text class=\"ink\" x=\"28\" y=\"42\" font-size=\"23\" font-weight=\"650\">Who had which node</text>");
        var nodes = timeline.Rows.Count == 1 ? "one node" : $"{timeline.Rows.Count} nodes";
        var jobs = timeline.Claims.Select(c => c.Job).Distinct().Count() switch
        {
            0 => "no job",
            1 => "one job",
            var n => $"{n} jobs",
        };
        Add($"<text class=\"quiet\" x=\"28\" y=\"66\">{Text($"{Describe(timeline, zone)} · {nodes}, {jobs}")}</text>");
    }

    private void Legend()
    {
        var x = 28.0;
        foreach (
            var (owner, name) in new[]
            {
                (Owner.Kubernetes, "Kubernetes"),
                (Owner.Between, "in between: pods leave, or the job does"),
                (Owner.Slurm, "Slurm, with the job's number"),
            }
        )
        {
            Add($"<rect {Paint(owner)} x=\"{N(x)}\" y=\"82\" width=\"22\" height=\"14\" rx=\"3\"/>");
            var label =
                $"{name} · {(timeline.Share(owner) * 100).ToString(timeline.Share(owner) is > 0 and < 0.1 ? "0.0" : "0", CultureInfo.InvariantCulture)} %";
            Add($"<text class=\"ink\" x=\"{N(x + 30)}\" y=\"93.5\">{Text(label)}</text>");
            x += 30 + label.Length * 6.5 + 26;
        }
    }

    private void Axis()
    {
        var bottom = Top + timeline.Rows.Count * row;
        foreach (var (time, label) in TimeAxis.Marks(timeline.From, timeline.Until, (int)((Width - left - Right) / 88), zone))
        {
            Add($"<line class=\"grid\" x1=\"{N(X(time))}\" y1=\"{N(Top - 4)}\" x2=\"{N(X(time))}\" y2=\"{N(bottom + 7)}\"/>");
            Add($"<text class=\"quiet\" x=\"{N(X(time))}\" y=\"{N(bottom + 25)}\" text-anchor=\"middle\">{Text(label)}</text>");
        }
    }

    private void Row(string node, IReadOnlyList<Stretch> stretches, double y, bool isNamed)
    {
        var bar = row - Math.Max(2, row / 5);
        if (isNamed)
            Add(
                $"<text class=\"ink\" x=\"{N(left - 14)}\" y=\"{N(y + bar / 2 + 4.5)}\" text-anchor=\"end\">{Text(Short(node, 28))}</text>"
            );
        // What is short is drawn last, and so over its neighbours where it is made wide enough to be seen.
        foreach (var stretch in stretches.OrderBy(s => s.Owner == Owner.Between).ThenByDescending(s => s.Length))
        {
            var width = Math.Max(Least, X(stretch.Until) - X(stretch.From));
            var x = Math.Min(X(stretch.From), Width - Right - width);
            Add(
                $"<rect {Paint(stretch.Owner)} x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(bar)}\" rx=\"{N(Math.Min(row / 12, width / 2))}\"><title>{Text(Tooltip(node, stretch))}</title></rect>"
            );
            if (bar < 12 || stretch.Owner == Owner.Kubernetes)
                continue;
            string[] labels =
                stretch.Owner == Owner.Between
                    ? [Length(stretch.Length)]
                    : [string.Join(", ", stretch.Jobs.Select(Number)), $"{stretch.Jobs.Count} jobs"];
            var (kind, letter) = stretch.Owner == Owner.Between ? ("on-between", SmallLetter) : ("on-slurm", BoldLetter);
            if (labels.FirstOrDefault(l => l.Length * letter + 4 <= width) is { } label)
                Add(
                    $"<text class=\"{kind}\" x=\"{N(x + width / 2)}\" y=\"{N(y + bar / 2 + 4.5)}\" text-anchor=\"middle\" pointer-events=\"none\">{Text(label)}</text>"
                );
        }
    }

    private string Tooltip(string node, Stretch stretch)
    {
        var who = stretch.Owner switch
        {
            Owner.Kubernetes => "Kubernetes",
            Owner.Between => $"in between, for {Jobs(stretch)}",
            _ => $"Slurm: {Jobs(stretch)}",
        };
        return $"{node}: {who}\n{Clock(stretch.From, zone, precise: true)} to {Clock(stretch.Until, zone, precise: true)}, {Length(stretch.Length)}"
            + string.Concat(
                stretch.Note.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"\n{Short(line, LongestNote)}")
            );
    }

    private static string Jobs(Stretch stretch) =>
        string.Join(", ", stretch.Jobs.Select(job => Holders.IsName(Number(job)) ? job : $"job {job}"));

    // The cluster's name is the same in most pictures; the tooltip has it.
    private static string Number(string job) => job[(job.LastIndexOf('.') + 1)..];

    private double X(DateTimeOffset time) =>
        left + (Width - left - Right) * Math.Clamp((time - timeline.From) / (timeline.Until - timeline.From), 0, 1);

    private static string Paint(Owner owner) =>
        owner switch
        {
            Owner.Kubernetes => "class=\"kubernetes\"",
            Owner.Slurm => "class=\"slurm\"",
            _ => "fill=\"url(#hatch)\"",
        };

    private void Add(string element) => svg.Append(element).Append('\n');

    private static string N(double number) => Math.Round(number, 2).ToString(CultureInfo.InvariantCulture);

    private static string Short(string text, int most) => text.Length <= most ? text : $"{text[..(most - 1)]}…";

    /// <summary>Text for XML: what is no character there is left out.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(string.Concat(text.Where(c => c == '\n' || !char.IsControl(c))));

    /// <summary>The colours, by daylight and in the dark.</summary>
    public const string Style = """
        <style>
        .paper{fill:#fff}.ink{fill:#1c2430}.quiet{fill:#5a6675}.grid{stroke:#d5dbe3}
        .kubernetes{fill:#b9dfd3}.slurm{fill:#0072b2}.between{fill:#e69f00}.stripe{fill:#fff1cf}
        .on-slurm{fill:#fff;font-weight:600}.on-between{fill:#2b1d00;font-size:11px;font-weight:600;paint-order:stroke;stroke:#fff1cf;stroke-width:3px}
        @media (prefers-color-scheme:dark){
        .paper{fill:#12171f}.ink{fill:#e8edf4}.quiet{fill:#9aa7b8}.grid{stroke:#2c3644}
        .kubernetes{fill:#24483f}.slurm{fill:#56b4e9}.between{fill:#e69f00}.stripe{fill:#5c4100}
        .on-slurm{fill:#06131f}.on-between{fill:#fff4d6;stroke:#3a2900}}
        </style>
        """;
}
