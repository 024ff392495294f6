using System.Globalization;
using System.Text;
using BeBiDa.Cli.Timelines;

namespace BeBiDa.Cli.Forecasts;

/// <summary>Draws a forecast's gaps as SVG: how much idle time is in gaps of which length.</summary>
internal sealed class GapPicture(Forecast forecast)
{
    private const double Width = 1000,
        Height = 420,
        Left = 76,
        Right = 28,
        Top = 96,
        Bottom = 66;

    // Until which length a bar counts, and what stands below it.
    private static readonly (double Seconds, string Label)[] s_lengths =
    [
        (10, "under 10 s"),
        (30, "30 s"),
        (60, "1 min"),
        (300, "5 min"),
        (900, "15 min"),
        (3600, "1 h"),
        (14400, "4 h"),
        (86400, "1 day"),
        (double.PositiveInfinity, "longer"),
    ];

    private readonly StringBuilder svg = new();

    /// <summary>The picture.</summary>
    public string Draw()
    {
        Add(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(Width)} {N(Height)}\" width=\"{N(Width)}\" height=\"{N(Height)}\" role=\"img\" aria-labelledby=\"gaps\" font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">"
        );
        Add("<title id=\"gaps\">Idle node-hours by the length of the gap</title>");
        Add(TimelinePicture.Style);
        Add($"<rect class=\"paper\" width=\"{N(Width)}\" height=\"{N(Height)}\"/>");
        Add("<text class=\"ink\" x=\"28\" y=\"42\" font-size=\"20\" font-weight=\"600\">Where the idle time is</text>");
        Add(
            "<text class=\"quiet\" x=\"28\" y=\"66\">Node-hours in gaps of up to each length; below the bars, how many gaps there are a day</text>"
        );
        var bars = Bars();
        var most = Math.Max(1e-9, bars.Max(bar => bar.Hours));
        var step = (Width - Left - Right) / bars.Count;
        var floor = Height - Bottom;
        foreach (var mark in Marks(most))
        {
            var y = floor - mark / most * (floor - Top);
            Add($"<line class=\"grid\" x1=\"{N(Left)}\" y1=\"{N(y)}\" x2=\"{N(Width - Right)}\" y2=\"{N(y)}\"/>");
            Add(
                $"<text class=\"quiet\" x=\"{N(Left - 10)}\" y=\"{N(y + 4.5)}\" text-anchor=\"end\">{mark.ToString("#,0.###", CultureInfo.InvariantCulture)}</text>"
            );
        }
        for (var i = 0; i < bars.Count; i++)
        {
            var (label, hours, count) = bars[i];
            var (x, height) = (Left + i * step, hours / most * (floor - Top));
            var aDay = count / forecast.Length.TotalDays;
            Add(
                $"<rect class=\"slurm\" x=\"{N(x + step * 0.12)}\" y=\"{N(floor - height)}\" width=\"{N(step * 0.76)}\" height=\"{N(height)}\" rx=\"3\"><title>{N(hours)} node-hours in {count} gaps</title></rect>"
            );
            Add($"<text class=\"ink\" x=\"{N(x + step / 2)}\" y=\"{N(floor + 22)}\" text-anchor=\"middle\">{label}</text>");
            Add(
                $"<text class=\"quiet\" x=\"{N(x + step / 2)}\" y=\"{N(floor + 42)}\" text-anchor=\"middle\">{aDay.ToString(aDay < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture)} a day</text>"
            );
        }
        Add("</svg>");
        return svg.ToString();
    }

    private IReadOnlyList<(string Label, double Hours, int Count)> Bars()
    {
        var gaps = forecast.Gaps.Select(gap => gap.Length).Order().ToList();
        var bars = new List<(string, double, int)>();
        var at = 0;
        foreach (var (seconds, label) in s_lengths)
        {
            var (hours, count) = (0.0, 0);
            for (; at < gaps.Count && gaps[at] <= seconds; at++, count++)
                hours += gaps[at] / 3600;
            bars.Add((label, hours, count));
        }
        return bars;
    }

    // Round numbers, some four of them.
    private static IEnumerable<double> Marks(double most)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        var step = new[] { 0.25, 0.5, 1, 2.5 }.Select(f => f * power).First(s => most / s <= 5);
        for (var mark = 0.0; mark <= most; mark += step)
            yield return mark;
    }

    private void Add(string element) => svg.Append(element).Append('\n');

    private static string N(double number) => Math.Round(number, 2).ToString(CultureInfo.InvariantCulture);
}
