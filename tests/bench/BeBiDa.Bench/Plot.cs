using System.Globalization;
using System.Text;

namespace BeBiDa.Bench;

/// <summary>Seconds over nodes, both by powers of ten, as SVG.</summary>
public static class Plot
{
    private const int Width = 760,
        Height = 480,
        Left = 70,
        Right = 190,
        Top = 40,
        Bottom = 50;

    private static readonly IReadOnlyDictionary<string, string> Colours = new Dictionary<string, string>
    {
        ["BeBiDa"] = "#0b6e4f",
        ["h2load"] = "#7a7a7a",
        ["one kubectl"] = "#c77d0a",
        ["scripts"] = "#b3261e",
    };

    private static readonly IReadOnlyDictionary<int, string> Dashes = new Dictionary<int, string>
    {
        [0] = "",
        [10] = "6 3",
        [30] = "2 3",
    };

    /// <summary>Draws curves.</summary>
    /// <param name="title">What stands above.</param>
    /// <param name="curves">Those with at least one point.</param>
    public static string Draw(string title, IReadOnlyList<Curve> curves)
    {
        var shown = curves.Where(c => c.Points.Count > 0).ToList();
        var points = shown.SelectMany(c => c.Points).ToList();
        var (lowest, highest) = (Math.Floor(Math.Log10(points.Min(p => p.Seconds))), Math.Ceiling(Math.Log10(points.Max(p => p.Seconds))));
        var most = Math.Max(1, Math.Ceiling(Math.Log10(points.Max(p => p.Nodes))));
        var svg = new StringBuilder();
        Line(
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12" fill="#222">"""
        );
        Line($"""<rect width="{Width}" height="{Height}" fill="#fff"/>""");
        Line($"""<text x="{Left}" y="22" font-size="14" font-weight="bold">{title}</text>""");
        for (var power = lowest; power <= highest; power++)
        {
            Line($"""<line x1="{Left}" x2="{Width - Right}" y1="{Y(power):0.0}" y2="{Y(power):0.0}" stroke="#ddd"/>""");
            Line(
                $"""<text x="{Left - 8}" y="{Y(power) + 4:0.0}" text-anchor="end">{(power < 0 ? $"{Math.Pow(10, power + 3):0.###} ms" : $"{Math.Pow(10, power):0} s")}</text>"""
            );
        }
        foreach (var nodes in points.Select(p => p.Nodes).Distinct().Order())
        {
            Line($"""<line x1="{X(nodes):0.0}" x2="{X(nodes):0.0}" y1="{Top}" y2="{Height - Bottom}" stroke="#eee"/>""");
            Line($"""<text x="{X(nodes):0.0}" y="{Height - Bottom + 18}" text-anchor="middle">{nodes}</text>""");
        }
        Line($"""<text x="{(Left + Width - Right) / 2}" y="{Height - 10}" text-anchor="middle">nodes of the job</text>""");
        var row = 0;
        foreach (var curve in shown)
        {
            var style =
                $"""stroke="{Colours[curve.Peer]}" stroke-width="2" fill="none" stroke-dasharray="{Dashes.GetValueOrDefault(curve.Pods, "1 4")}" """;
            Line(
                $"""<polyline {style}points="{string.Join(' ', curve.Points.Select(p => Invariant($"{X(p.Nodes):0.0},{Y(Math.Log10(p.Seconds)):0.0}")))}"/>"""
            );
            foreach (var p in curve.Points)
                Line($"""<circle cx="{X(p.Nodes):0.0}" cy="{Y(Math.Log10(p.Seconds)):0.0}" r="3" fill="{Colours[curve.Peer]}"/>""");
            var y = Top + 10 + 18 * row++;
            Line($"""<line x1="{Width - Right + 15}" x2="{Width - Right + 45}" y1="{y}" y2="{y}" {style}/>""");
            Line($"""<text x="{Width - Right + 52}" y="{y + 4}">{curve.Name}</text>""");
        }
        Line($"</svg>");
        return svg.ToString();

        double X(int nodes) => Left + Math.Log10(nodes) / most * (Width - Left - Right);
        double Y(double power) => Height - Bottom - (power - lowest) / Math.Max(1, highest - lowest) * (Height - Top - Bottom);
        void Line(FormattableString text) => svg.Append(Invariant(text)).Append('\n');
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
