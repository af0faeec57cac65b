// The Go peer: Gin and pgx as their documentation shows them. `/me` trusts the token it knows, `/me/verified` checks
// the signature on every request and writes one JSON line per request.
package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type address struct {
	City     string `json:"city" binding:"required,max=100"`
	Postcode string `json:"postcode" binding:"required,min=3,max=12"`
}

type order struct {
	Customer string   `json:"customer" binding:"required,max=100"`
	Email    string   `json:"email" binding:"required,email,max=254"`
	Quantity int      `json:"quantity" binding:"required,min=1,max=1000"`
	Tags     []string `json:"tags" binding:"required,max=10,dive,max=32"`
	Address  address  `json:"address" binding:"required"`
}

type confirmation struct {
	Customer string `json:"customer"`
	City     string `json:"city"`
	Quantity int    `json:"quantity"`
	Tags     int    `json:"tags"`
}

type actor struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Login       string  `json:"login"`
	DisplayName string  `json:"displayName"`
	Email       *string `json:"email"`
	IsSuperuser bool    `json:"isSuperuser"`
}

const findActor = `select id::text, type, login, display_name, email, is_superuser from bench.actors where id = $1`

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	pool, err := pgxpool.New(context.Background(), os.Getenv("BENCH_DATABASE_URL"))
	if err != nil {
		return err
	}
	key, err := publicKey(os.Getenv("BENCH_PUBLIC_JWK"))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(os.Getenv("BENCH_LOG_FILE"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/health", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	router.POST("/orders", postOrder)
	router.GET("/me", knownToken(os.Getenv("BENCH_TOKEN"), os.Getenv("BENCH_ACTOR_ID")), getMe(pool))
	router.GET("/me/verified", jsonLog(slog.New(slog.NewJSONHandler(log, nil))), verifiedToken(key), getMe(pool))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		// The bench holds our stdin: its end is ours.
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, router)
}

func publicKey(jwk string) (ed25519.PublicKey, error) {
	var fields struct {
		X string `json:"x"`
	}
	if err := json.Unmarshal([]byte(jwk), &fields); err != nil {
		return nil, fmt.Errorf("BENCH_PUBLIC_JWK: %w", err)
	}
	return base64.RawURLEncoding.DecodeString(fields.X)
}

func postOrder(c *gin.Context) {
	var accepted order
	if err := c.ShouldBindJSON(&accepted); err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "invalid"})
		return
	}
	c.JSON(http.StatusOK, confirmation{accepted.Customer, accepted.Address.City, accepted.Quantity, len(accepted.Tags)})
}

func bearer(c *gin.Context) string {
	return strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
}

func knownToken(token, actorID string) gin.HandlerFunc {
	actors := map[string]string{token: actorID}
	return func(c *gin.Context) {
		id, ok := actors[bearer(c)]
		if !ok {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "unauthenticated"})
			return
		}
		c.Set("actor", id)
	}
}

func verifiedToken(key ed25519.PublicKey) gin.HandlerFunc {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}))
	return func(c *gin.Context) {
		claims := jwt.RegisteredClaims{}
		if _, err := parser.ParseWithClaims(bearer(c), &claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "unauthenticated"})
			return
		}
		c.Set("actor", claims.Subject)
	}
}

func jsonLog(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		startedAt := time.Now()
		c.Next()
		log.Info("request", "method", c.Request.Method, "path", c.FullPath(), "status", c.Writer.Status(),
			"actor", c.GetString("actor"), "ms", float64(time.Since(startedAt).Microseconds())/1000)
	}
}

func getMe(pool *pgxpool.Pool) gin.HandlerFunc {
	return func(c *gin.Context) {
		var found actor
		err := pool.QueryRow(c, findActor, c.GetString("actor")).
			Scan(&found.ID, &found.Type, &found.Login, &found.DisplayName, &found.Email, &found.IsSuperuser)
		if errors.Is(err, pgx.ErrNoRows) {
			c.JSON(http.StatusNotFound, gin.H{"error": "not found"})
			return
		}
		if err != nil {
			c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
			return
		}
		c.JSON(http.StatusOK, found)
	}
}
