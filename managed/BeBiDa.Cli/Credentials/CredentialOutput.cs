using System.Globalization;
using System.Text.Json;

namespace BeBiDa.Cli.Credentials;

/// <summary>A kubeconfig's credential for programs; times as RFC 3339.</summary>
internal sealed record CredentialJson(
    string File,
    string Permissions,
    CredentialKind Credential,
    string Identity,
    string Server,
    DateTimeOffset? Issued,
    DateTimeOffset? RenewalDue,
    DateTimeOffset? Expires,
    bool Expired
);

/// <summary>Prints whose a kubeconfig is and until when.</summary>
internal static class CredentialOutput
{
    public static void Print(string file, Credential credential, DateTimeOffset now, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Console.Out.WriteLine(
                JsonSerializer.Serialize(
                    new CredentialJson(
                        file,
                        PrivateFile.Describe(file),
                        credential.Kind,
                        credential.Identity,
                        credential.Server,
                        credential.Issued,
                        credential.RenewalDue,
                        credential.Expires,
                        credential.Expires <= now
                    ),
                    OutputJson.Default.CredentialJson
                )
            );
            return;
        }
        Line("file", $"{file} ({PrivateFile.Describe(file)})");
        Line("server", credential.Server);
        Line("identity", credential.Identity.Length > 0 ? credential.Identity : "known only to the server");
        Line(
            "credential",
            credential.Kind switch
            {
                CredentialKind.Token => "token",
                CredentialKind.Certificate => "client certificate",
                _ => "neither token nor certificate",
            }
        );
        Line(
            "expires",
            credential.Expires is { } expires
                ? $"{Time(expires)}, {(expires <= now ? "expired" : $"in {Remaining(expires - now)}")}"
                : "unknown"
        );
        if (credential.RenewalDue is { } due)
            Line("renewal due", due <= now ? "now" : Time(due));
    }

    /// <summary>A time that is read by people.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time that is left, in its biggest unit.</summary>
    public static string Remaining(TimeSpan time) =>
        time.TotalDays >= 2 ? $"{(int)time.TotalDays} days"
        : time.TotalHours >= 2 ? $"{(int)time.TotalHours} hours"
        : $"{(int)time.TotalMinutes} minutes";

    /// <summary>A time of seconds, or in its biggest unit.</summary>
    public static string Seconds(TimeSpan time) => time.TotalMinutes >= 2 ? Remaining(time) : $"{(int)time.TotalSeconds} seconds";

    private static void Line(string name, string value) => Console.Out.WriteLine($"{name + ":", -13}{value}");
}
