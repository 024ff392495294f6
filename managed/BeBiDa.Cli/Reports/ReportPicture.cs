using System.Globalization;
using System.Text;
using BeBiDa.Accounts;
using BeBiDa.Cli.Timelines;

namespace BeBiDa.Cli.Reports;

/// <summary>Draws a report as SVG: a bar for each row, of its uses one above the other.</summary>
/// <remarks>
/// Colours as in <see cref="TimelinePicture"/>: those of Okabe and Ito, which people with any colour vision tell apart. Light or
/// dark is the viewer's choice (prefers-color-scheme).
/// </remarks>
internal sealed class ReportPicture(Account account, TimeZoneInfo zone)
{
    private const double Width = 1200,
        Height = 470,
        Left = 84,
        Right = 28,
        Top = 128,
        Bottom = 60,
        Hour = 3600;

    // What the bars show, from below; what matters is next to what it is compared with.
    private static readonly NodeUse[] Order =
    [
        NodeUse.Slurm,
        NodeUse.Between,
        NodeUse.LentWithPods,
        NodeUse.LentEmpty,
        NodeUse.Linger,
        NodeUse.Planned,
        NodeUse.Policy,
        NodeUse.Held,
        NodeUse.Unavailable,
        NodeUse.Unknown,
    ];

    private readonly StringBuilder svg = new();
    private readonly double most = account.Rows.Select(r => r.Tally.Total).DefaultIfEmpty(0).Max();

    /// <summary>The picture.</summary>
    public string Draw()
    {
        Add(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(Width)} {N(Height)}\" width=\"{N(Width)}\" height=\"{N(Height)}\" role=\"img\" aria-labelledby=\"title\" font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">"
        );
        Add("<title id=\"title\">What the nodes were used for</title>");
        Add(Style);
        Add($"<rect class=\"paper\" width=\"{N(Width)}\" height=\"{N(Height)}\"/>");
        Add("<text class=\"ink\" x=\"28\" y=\"42\" font-size=\"23\" font-weight=\"650\">What the nodes were used for</text>");
        Add($"<text class=\"quiet\" x=\"28\" y=\"66\">{TimelinePicture.Text($"{ReportFigures.Scope(account, zone)}, node-hours")}</text>");
        Legend();
        Axis();
        var slot = (Width - Left - Right) / Math.Max(account.Rows.Count, 7);
        // Where bars are narrow, a name now and then.
        var named = (int)Math.Ceiling(74 / slot);
        for (var i = 0; i < account.Rows.Count; i++)
            Bar(account.Rows[i], Left + i * slot, slot, i % named == 0);
        Add("</svg>");
        return svg.ToString();
    }

    private void Legend()
    {
        var (x, y) = (28.0, 82.0);
        foreach (var (use, name) in Order.Join(ReportFigures.ShownOf(account), use => use, u => u.Use, (use, u) => (use, u.Name)))
        {
            var label = $"{name} · {ReportFigures.Percent(account.Total.Total == 0 ? 0 : account.Total[use] / account.Total.Total)}";
            var length = 24 + label.Length * 6.3;
            if (x + length > Width - Right)
                (x, y) = (28, y + 20);
            Add($"<rect class=\"{Class(use)}\" x=\"{N(x)}\" y=\"{N(y)}\" width=\"18\" height=\"14\" rx=\"3\"/>");
            Add($"<text class=\"ink\" x=\"{N(x + 24)}\" y=\"{N(y + 11.5)}\">{TimelinePicture.Text(label)}</text>");
            x += length + 18;
        }
    }

    private void Axis()
    {
        var step = NiceStep(most / Hour / 4);
        for (var hours = 0.0; hours * Hour <= most; hours += step)
        {
            var y = Y(hours * Hour);
            Add($"<line class=\"grid\" x1=\"{N(Left - 6)}\" y1=\"{N(y)}\" x2=\"{N(Width - Right)}\" y2=\"{N(y)}\"/>");
            Add(
                $"<text class=\"quiet\" x=\"{N(Left - 12)}\" y=\"{N(y + 4.5)}\" text-anchor=\"end\">{hours.ToString("#,##0.###", CultureInfo.InvariantCulture)}</text>"
            );
            if (most == 0)
                break;
        }
    }

    private void Bar(AccountRow row, double x, double slot, bool isNamed)
    {
        var (bar, done) = (slot * 0.74, 0.0);
        foreach (var use in Order)
        {
            var seconds = row.Tally[use];
            if (seconds <= 0)
                continue;
            var (top, bottom) = (Y(done + seconds), Y(done));
            done += seconds;
            var name = ReportFigures.Uses.Single(u => u.Use == use).Name;
            var tooltip =
                $"{Label(row.Key)}: {name}\n{ReportFigures.Hours(seconds, most)} node-hours, {ReportFigures.Percent(seconds / row.Tally.Total)}";
            Add(
                $"<rect class=\"{Class(use)}\" x=\"{N(x + slot * 0.13)}\" y=\"{N(top)}\" width=\"{N(bar)}\" height=\"{N(Math.Max(bottom - top, 0.5))}\"><title>{TimelinePicture.Text(tooltip)}</title></rect>"
            );
        }
        if (isNamed)
            Add(
                $"<text class=\"quiet\" x=\"{N(x + slot / 2)}\" y=\"{N(Height - Bottom + 24)}\" text-anchor=\"middle\">{TimelinePicture.Text(Label(row.Key))}</text>"
            );
    }

    private string Label(string key) =>
        account.By == Grouping.Day && DateOnly.TryParse(key, CultureInfo.InvariantCulture, out var day)
            ? day.ToString("ddd d MMM", CultureInfo.InvariantCulture)
            : key;

    private double Y(double seconds) => Height - Bottom - (most == 0 ? 0 : (Height - Top - Bottom) * seconds / most);

    private static string Class(NodeUse use) => $"use-{ReportFigures.Uses.Single(u => u.Use == use).Key.Replace('_', '-')}";

    // 1, 2 or 5 times a power of ten.
    private static double NiceStep(double about)
    {
        if (about <= 0)
            return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(about)));
        return power
            * (about / power) switch
            {
                <= 1 => 1,
                <= 2 => 2,
                <= 5 => 5,
                _ => 10,
            };
    }

    private void Add(string element) => svg.Append(element).Append('\n');

    private static string N(double number) => Math.Round(number, 2).ToString(CultureInfo.InvariantCulture);

    private const string Style = """
        <style>
        .paper{fill:#fff}.ink{fill:#1c2430}.quiet{fill:#5a6675}.grid{stroke:#d5dbe3}
        .use-slurm{fill:#0072b2}.use-in-between{fill:#e69f00}.use-lent-with-pods{fill:#009e73}.use-lent-empty{fill:#b9dfd3}
        .use-linger{fill:#f0e442}.use-planned{fill:#d55e00}.use-policy{fill:#ecc8dc}.use-held{fill:#cc79a7}
        .use-unavailable{fill:#8a94a1}.use-unknown{fill:#e3e7ec}
        @media (prefers-color-scheme:dark){
        .paper{fill:#12171f}.ink{fill:#e8edf4}.quiet{fill:#9aa7b8}.grid{stroke:#2c3644}
        .use-slurm{fill:#56b4e9}.use-lent-with-pods{fill:#00b386}.use-lent-empty{fill:#24483f}.use-unavailable{fill:#6b7683}.use-unknown{fill:#2c3644}}
        </style>
        """;
}
