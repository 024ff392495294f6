using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Authentication;

/// <summary>Tells who a client is, by certificate or bearer token.</summary>
internal sealed class Authenticator(ClusterAuthority authority, TimeProvider clock)
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    private readonly ConcurrentDictionary<string, (User User, DateTimeOffset? Until)> tokens = new(StringComparer.Ordinal);

    public void AddToken(string token, User user, DateTimeOffset? until = null) => tokens[token] = (user, until);

    public void RevokeToken(string token) => tokens.TryRemove(token, out _);

    /// <summary>A fresh token of a service account: a JWT, as clients look into it for its end. Known by being remembered; its signature is nothing.</summary>
    public (string Token, DateTimeOffset Until) IssueToken(string space, string account, TimeSpan lifetime)
    {
        var now = clock.GetUtcNow();
        var until = now + lifetime;
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray("https://kubernetes.default.svc"),
            ["exp"] = until.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = "https://kubernetes.default.svc",
            ["sub"] = $"system:serviceaccount:{space}:{account}",
        };
        var token = string.Join(
            '.',
            Base64Url.EncodeToString(Json.Write(new JsonObject { ["alg"] = "RS256" })),
            Base64Url.EncodeToString(Json.Write(claims)),
            Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24))
        );
        AddToken(
            token,
            new(
                $"system:serviceaccount:{space}:{account}",
                ["system:serviceaccounts", $"system:serviceaccounts:{space}", "system:authenticated"]
            ),
            until
        );
        return (token, until);
    }

    public User ByToken(string token)
    {
        if (tokens.TryGetValue(token, out var known) && (known.Until is not { } until || until > clock.GetUtcNow()))
            return known.User;
        throw Unauthorized();
    }

    public User ByCertificate(X509Certificate2 certificate)
    {
        if (!authority.Trusts(certificate, clock.GetUtcNow()))
            throw Unauthorized();
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    name = part.GetSingleElementValue() ?? "";
                    break;
                case Organization:
                    groups.Add(part.GetSingleElementValue() ?? "");
                    break;
            }
        }
        groups.Add("system:authenticated");
        return new(name, [.. groups]);
    }

    public static ApiError Unauthorized() => new(401, "Unauthorized", "Unauthorized");
}
