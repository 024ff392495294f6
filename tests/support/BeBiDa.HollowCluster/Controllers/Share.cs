using System.Globalization;
using k8s.Models;

namespace BeBiDa.Hollow.Controllers;

/// <summary>A number of pods, or a share of them in percent.</summary>
internal static class Share
{
    public static int Of(IntOrString value, int whole, bool up)
    {
        var text = value.Value;
        if (!text.EndsWith('%'))
            return int.Parse(text, CultureInfo.InvariantCulture);
        var part = whole * decimal.Parse(text[..^1], CultureInfo.InvariantCulture) / 100;
        return (int)(up ? Math.Ceiling(part) : Math.Floor(part));
    }

    public static bool IsPercent(IntOrString value) => value.Value.EndsWith('%');
}
