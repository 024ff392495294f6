using System.Text.RegularExpressions;

namespace BeBiDa.Lab.Tests;

/// <summary>What the kernel says about processes.</summary>
internal static class Processes
{
    public static bool Exists(int id)
    {
        try
        {
            // The state follows the name, which is in parentheses; a zombie is gone but for its parent's attention.
            return !Regex.IsMatch(File.ReadAllText($"/proc/{id}/stat"), @"\) Z ");
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static int Parent(int id) => int.Parse(Regex.Match(File.ReadAllText($"/proc/{id}/stat"), @"\) \S (\d+) ").Groups[1].Value);

    public static string Name(int id) => File.ReadAllText($"/proc/{id}/comm").Trim();
}
