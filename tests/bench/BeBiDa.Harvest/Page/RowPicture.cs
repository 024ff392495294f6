using System.Globalization;
using System.Net;
using System.Text;

namespace BeBiDa.Harvest.Page;

/// <summary>A bar in a row of a picture.</summary>
/// <param name="Row">The row, from 0.</param>
/// <param name="Kind">Which entry of the legend it is of, from 0.</param>
/// <param name="Begin">Where it begins, in seconds from the left.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct Bar(int Row, int Kind, double Begin, double End);

/// <summary>Draws bars in rows over time, as SVG: who had which node, or when which pod lived.</summary>
/// <param name="title">The heading.</param>
/// <param name="about">A line below it.</param>
/// <param name="rows">How many rows there are.</param>
/// <param name="length">How long the time is, in seconds.</param>
/// <param name="kinds">The legend, with the colour of each entry by daylight; they are Okabe's and Ito's.</param>
internal sealed class RowPicture(string title, string about, int rows, double length, IReadOnlyList<(string Name, string Colour)> kinds)
{
    private const double Width = 1000,
        Left = 28,
        Right = 28,
        Top = 112,
        Bottom = 48;

    private readonly double height = Math.Clamp(480.0 / rows, 3, 20);

    /// <summary>The picture.</summary>
    /// <param name="bars">The bars; later ones lie over earlier ones.</param>
    public string Draw(IEnumerable<Bar> bars)
    {
        var all = Top + rows * height + Bottom;
        var svg = new StringBuilder();
        void Add(FormattableString element) => svg.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Add(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {all}\" width=\"{Width}\" height=\"{all}\" role=\"img\" aria-labelledby=\"title\" font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">"
        );
        Add($"<title id=\"title\">{WebUtility.HtmlEncode(title)}</title>");
        Add(
            $"<style>.paper{{fill:#fff}}.ink{{fill:#1c2430}}.quiet{{fill:#5a6675}}.grid{{stroke:#d5dbe3}}@media (prefers-color-scheme:dark){{.paper{{fill:#12171f}}.ink{{fill:#e8edf4}}.quiet{{fill:#9aa7b8}}.grid{{stroke:#2c3644}}}}</style>"
        );
        Add($"<rect class=\"paper\" width=\"{Width}\" height=\"{all}\"/>");
        Add($"<text class=\"ink\" x=\"{Left}\" y=\"40\" font-size=\"20\" font-weight=\"600\">{WebUtility.HtmlEncode(title)}</text>");
        Add($"<text class=\"quiet\" x=\"{Left}\" y=\"62\">{WebUtility.HtmlEncode(about)}</text>");
        var x = Left;
        foreach (var (name, colour) in kinds)
        {
            Add($"<rect x=\"{x}\" y=\"78\" width=\"22\" height=\"14\" rx=\"3\" fill=\"{colour}\"/>");
            Add($"<text class=\"ink\" x=\"{x + 30}\" y=\"89.5\">{WebUtility.HtmlEncode(name)}</text>");
            x += 30 + name.Length * 7.2 + 26;
        }
        var step = Step();
        for (var mark = 0.0; mark <= length; mark += step)
        {
            Add($"<line class=\"grid\" x1=\"{X(mark)}\" y1=\"{Top - 4}\" x2=\"{X(mark)}\" y2=\"{Top + rows * height + 6}\"/>");
            Add(
                $"<text class=\"quiet\" x=\"{X(mark)}\" y=\"{Top + rows * height + 24}\" text-anchor=\"middle\">{BeBiDa.Duration.Format(TimeSpan.FromSeconds(mark))}</text>"
            );
        }
        foreach (var bar in bars)
            Add(
                $"<rect x=\"{X(bar.Begin)}\" y=\"{Math.Round(Top + bar.Row * height, 2)}\" width=\"{Math.Round(Math.Max(0.3, X(bar.End) - X(bar.Begin)), 2)}\" height=\"{Math.Round(height * 0.85, 2)}\" fill=\"{kinds[bar.Kind].Colour}\"/>"
            );
        Add($"</svg>");
        return svg.ToString();
    }

    private double Step() =>
        new double[] { 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800 }.FirstOrDefault(
            step => length / step <= 10,
            604800 * Math.Ceiling(length / 6048000)
        );

    private double X(double seconds) => Math.Round(Left + (Width - Left - Right) * Math.Clamp(seconds / length, 0, 1), 2);
}
